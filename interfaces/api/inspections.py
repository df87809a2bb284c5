"""Inspections: scanned consignments, their images, and what was seen and decided."""

from collections.abc import Generator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from interfaces.api.border_models import ConsignmentId, GoodsOut, TakenOut, Whole, whole_of, wholes
from interfaces.api.border_words import unknown
from interfaces.api.consignments import may_see
from interfaces.api.models import Page
from interfaces.api.paging import PageQuery, page_of
from interfaces.api.problems import ProblemError, documented
from interfaces.api.roles import Caller, caller_of
from interfaces.border_desk import BorderDesk
from robotics.imaging.picture import PictureError, png8, read_png16
from robotics.imaging.review import Anomaly
from robotics.imaging.store import ImageNameError

PNG = {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}


class BoxOut(BaseModel):
    """Where the review saw something [px of the image]."""

    left: int
    top: int
    right: int = Field(description="The first pixel outside.")
    bottom: int = Field(description="The first pixel outside.")
    kind: Literal["density", "shape", "declared"]
    score: float = Field(description="1 is where it becomes suspicious.")


class InspectionOut(BaseModel):
    """A consignment that was scanned."""

    consignment: str
    side: str = Field(description="On which it is scanned.")
    container: str
    scanned: TakenOut = Field(description="`reason` is the verdict of the review.")
    decided: TakenOut | None = Field(description="The officer's word on the image.")
    held: bool = Field(description="A hold `image` is on.")


class InspectionWhole(InspectionOut):
    """All that the officer looks at."""

    goods: GoodsOut
    image: bool = Field(description="There is an image: `/image` to look at, `/image16` as made.")
    boxes: list[BoxOut]


class ImageQuery(BaseModel):
    """How the image is wanted."""

    model_config = ConfigDict(extra="forbid")

    boxes: bool = Field(default=True, description="With the boxes of the review drawn in.")


class InspectionsQuery(PageQuery):
    """Which inspections are wanted."""

    side: Annotated[str, Field(max_length=8)] | None = None
    decided: bool | None = None


def _of(whole: Whole) -> InspectionOut | None:
    steps = whole.steps()
    if "scanned" not in steps:
        return None
    side = whole.first.side_of("scanned")
    decided = steps.get("image_decided")
    return InspectionOut(
        consignment=whole.id,
        side=side,
        container=whole.first.declaration.container,
        scanned=TakenOut.of("scanned", side, steps["scanned"]),
        decided=TakenOut.of("image_decided", side, decided) if decided is not None else None,
        held=any(hold.kind == "image" for hold in whole.holds()),
    )


def inspections_router(desk: BorderDesk) -> APIRouter:
    """The routes under `/inspections`."""
    router = APIRouter(prefix="/inspections", tags=["border"])

    @router.get("", responses=documented(400, 422))
    def list_inspections(
        wanted: Annotated[InspectionsQuery, Query()], caller: Annotated[Caller, Depends(caller_of)]
    ) -> Page[InspectionOut]:
        """Consignments that were scanned, the newest first."""

        def found() -> Generator[tuple[str, InspectionOut]]:
            with desk.reading() as sides:
                for whole in wholes(sides, desk.now_ns()):
                    out = _of(whole) if may_see(caller, whole) else None
                    if (
                        out is not None
                        and wanted.side in (None, out.side)
                        and wanted.decided in (None, out.decided is not None)
                    ):
                        yield out.consignment, out

        return page_of(found(), wanted)

    def seen(id: str, caller: Caller) -> tuple[InspectionOut, GoodsOut, str]:
        """What was scanned, what was declared, and the name of the image; empty: there is none."""
        with desk.reading() as sides:
            whole = whole_of(sides, id, desk.now_ns())
            if whole is None or not may_see(caller, whole):
                raise unknown(id)
            out = _of(whole)
            if out is None:
                raise ProblemError(404, "not-found", f"Consignment {id} has not been scanned.")
            record = whole.records.get(out.side, whole.first)
            return out, whole.out().goods, record.image

    def raw(name: str) -> bytes | None:
        """The image of that name as it was made, if it is kept."""
        if desk.images is None or not name:
            return None
        try:
            return desk.images.raw(name)
        except ImageNameError:
            return None

    def anomalies(name: str) -> tuple[Anomaly, ...]:
        review = desk.images.review(name) if desk.images is not None and name else None
        return review.anomalies if review is not None else ()

    @router.get("/{id}", responses=documented(400, 404, 422))
    def get_inspection(
        id: ConsignmentId, caller: Annotated[Caller, Depends(caller_of)]
    ) -> InspectionWhole:
        """One of them with what was declared, and the boxes of the review."""
        out, goods, name = seen(id, caller)
        image = raw(name)
        boxes = [
            BoxOut(
                left=box.left, top=box.top, right=box.right, bottom=box.bottom, kind=box.kind,
                score=box.score,
            )
            for box in (anomalies(name) if image is not None else ())
        ]  # fmt: skip
        return InspectionWhole(
            **out.model_dump(), goods=goods, image=image is not None, boxes=boxes
        )

    def image_of(id: str, caller: Caller) -> tuple[bytes, str]:
        _, _, name = seen(id, caller)
        image = raw(name)
        if image is None:
            raise ProblemError(
                404, "no-image", f"There is no image of {id}: without one, nobody passes it."
            )
        return image, name

    @router.get(
        "/{id}/image",
        response_class=Response,
        responses=documented(400, 404, 422) | {200: {**PNG, "description": "8 bits"}},
    )
    def get_image(
        id: ConsignmentId,
        wanted: Annotated[ImageQuery, Query()],
        caller: Annotated[Caller, Depends(caller_of)],
    ) -> Response:
        """The image as people look at it, with the boxes of the review."""
        image, name = image_of(id, caller)
        try:
            data = png8(read_png16(image), anomalies(name) if wanted.boxes else ())
        except PictureError as error:
            raise ProblemError(404, "no-image", f"The image of {id} is broken: {error}") from None
        return Response(data, media_type="image/png")

    @router.get(
        "/{id}/image16",
        response_class=Response,
        responses=documented(400, 404, 422) | {200: {**PNG, "description": "16 bits of grey"}},
    )
    def get_image16(id: ConsignmentId, caller: Annotated[Caller, Depends(caller_of)]) -> Response:
        """The image as the scanner made it, 16 bits."""
        return Response(image_of(id, caller)[0], media_type="image/png")

    return router
