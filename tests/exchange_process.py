"""One gate's exchange as processes of its own, for tests that kill them: API, and sending half.

`python -m tests.exchange_process FOLDER SIDE PORT PEER_PORT`; keys and database stand in FOLDER.
What the link brings is written to `heard-SIDE.txt`, a line a message, before the next is taken.
"""

import sys
import threading
import time
from pathlib import Path

import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import HTTPConnection

from actors.border import AskReady
from actors.messages import HeardFromOtherSide, Message
from interfaces.api import problems
from interfaces.api.guard import Guard
from interfaces.api.letters import letters_router
from interfaces.api.roles import Caller
from interfaces.exchange.link import ExchangeLink, ExchangeSetup
from interfaces.store.database import Database, file_url
from interfaces.store.outbox import Outbox
from robotics.clock import GateTime


def setup(folder: Path, side: str, peer_port: int) -> ExchangeSetup:
    """Of the gate of one side in a folder."""
    peer = "CN" if side == "VN" else "VN"
    return ExchangeSetup(
        side=side,
        peer=peer,
        has_fleet=side == "VN",
        key=folder / f"{side}.key",
        peer_key=folder / f"{peer}.pub",
        peer_url=f"http://127.0.0.1:{peer_port}",
        store_url=file_url(folder / f"{side}.sqlite"),
    )


def main() -> None:
    """Serve until killed."""
    folder, side, port, peer_port = Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:5])
    made = setup(folder, side, peer_port)
    clock = GateTime(epoch_ns=time.time_ns(), speed=1.0)()
    heard = (folder / f"heard-{side}.txt").open("a", buffering=1)

    def deliver(message: Message) -> None:
        if isinstance(message, HeardFromOtherSide):
            heard.write(f"{message.message}\n")

    link = ExchangeLink(made, clock, seed=1)
    link.open(deliver)
    threading.Thread(target=tell, args=(folder, side, link), daemon=True).start()
    database = Database(made.store_url)
    router = APIRouter(prefix="/api/v1")
    outbox = Outbox(database.engine, made.peer)
    router.include_router(letters_router(made.receiver(database), outbox, clock.now_ns))
    app = FastAPI(dependencies=[Depends(as_engineer)])
    app.include_router(router)
    problems.install(app)
    app.add_middleware(Guard)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


def as_engineer(connection: HTTPConnection) -> None:
    """Whoever asks is one."""
    connection.state.caller = Caller("Lan", "engineer", "*")


def tell(folder: Path, side: str, link: ExchangeLink) -> None:
    """Say what is in `say-SIDE.txt`, a consignment and a number a line; note how far that is."""
    said = folder / f"said-{side}.txt"
    begun = int(said.read_text()) if said.exists() else 0
    for count, line in enumerate((folder / f"say-{side}.txt").read_text().splitlines(), 1):
        if count > begun:
            consignment, number = line.split()
            link.send(AskReady(f"{consignment}/ready{number}", consignment))
            temporary = said.with_suffix(".new")
            temporary.write_text(str(count))
            temporary.replace(said)
            time.sleep(0.01)


if __name__ == "__main__":
    main()
