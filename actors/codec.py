"""The wire form of what participants say to each other: MessagePack, with the kind as its tag."""

import msgspec

from actors import border, messages, safety
from actors.base import Event, Message

AnyMessage = (
    messages.Started | messages.TimerFired | messages.LinkLost | messages.LinkRestored
    | messages.ExtendGrant | messages.QueryState | messages.ConfirmLoad | messages.StartCharge
    | messages.SetPosition | messages.FaultChanged | messages.InjectFault | messages.ClearFault
    | messages.GrantAccepted | messages.RearClear | messages.Stood | messages.Charged
    | messages.LoadConfirmed | messages.AgvState | messages.StartStep | messages.AbandonStep
    | messages.QueryReport | messages.AgvReport | messages.RequestTransfer | messages.TransferDone
    | messages.StartTransfer | messages.TransferFinished | messages.CraneState
    | messages.RequestScan | messages.ScanDecided | messages.StartScan | messages.ScanFinished
    | messages.ScannerState | messages.ServiceRefused | messages.StationReport
    | messages.RequestPermit | messages.PermitGranted | messages.PermitRefused
    | messages.LaneEntered | messages.LaneLeft | messages.LaneNoted | messages.QueryLane
    | messages.LaneTruth | messages.OrderLane | messages.LaneReport | messages.CommandLane
    | messages.LaneAnswer | messages.PutOrder | messages.CancelOrder | messages.OrderAnswer
    | messages.ExplainOrder | messages.OrderExplained | messages.SetService
    | messages.ServiceAnswer | messages.PlaceVehicle | messages.PlaceAnswer | messages.PutObstacle
    | messages.RemoveObstacle | messages.ObstacleAnswer | messages.GuardOrder | messages.AllowLeg
    | messages.SetDown | messages.QueryOrder | messages.OrderReport | safety.LimitSpeed
    | safety.EngageStop | safety.ResetStop | safety.StopAnswer | safety.ReportConditions
    | safety.ReadingNoted | safety.AgreeReversal | safety.PermitTow | messages.HeardFromOtherSide
    | messages.LetterGivenUp | messages.ClocksApart | border.Declare | border.Register
    | border.GateIn | border.Decide | border.PutHold | border.LiftHold | border.SetDownLoad
    | border.Dispose | border.SetSide | border.BorderAnswer | border.PreAdvice
    | border.ExchangeAnswer | border.AskReady | border.Ready | border.StandDown | border.Crossed
    | border.CustodyTaken | border.ClearanceResult
)  # fmt: skip
AnyEvent = (
    messages.OrderChanged | messages.DeviceChanged | messages.LaneOrdered
    | messages.ServiceChanged | messages.ObstacleChanged | messages.Alarm | border.StepTaken
    | border.StepsVoided | border.HoldChanged | border.CustodyChanged | border.ConsignmentEnded
    | border.SideChanged | border.ImageJudged | safety.StopChanged | safety.LimitsChanged
    | safety.ReversalChanged
)  # fmt: skip

_encoder = msgspec.msgpack.Encoder()
_messages: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(AnyMessage)
_events: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(AnyEvent)


def encode(item: Message | Event) -> bytes:
    """The MessagePack form of a message or an event."""
    return _encoder.encode(item)


def decode_message(data: bytes) -> Message:
    """The message in `data`.

    Raises:
        msgspec.DecodeError: not MessagePack, no known tag, or a field of another type.
    """
    try:
        return _messages.decode(data)
    except UnicodeDecodeError as error:  # not turned into its own error by msgspec
        raise msgspec.DecodeError(str(error)) from error


def decode_event(data: bytes) -> Event:
    """The event in `data`; raises like `decode_message`."""
    try:
        return _events.decode(data)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error
