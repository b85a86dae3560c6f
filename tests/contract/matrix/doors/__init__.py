"""The doors by name, each with its official client."""

from tests.contract.matrix.doors.chat import ChatDoor
from tests.contract.matrix.doors.door import (
    NOTHING,
    Answer,
    Called,
    Client,
    Door,
    Function,
    History,
    Wants,
    adrain,
    drain,
)
from tests.contract.matrix.doors.gemini import GeminiDoor
from tests.contract.matrix.doors.messages import MessagesDoor
from tests.contract.matrix.doors.responses import ResponsesDoor

DOORS: dict[str, Door] = {door.name: door for door in (ChatDoor(), ResponsesDoor(), MessagesDoor(), GeminiDoor())}

__all__ = ["DOORS", "NOTHING", "Answer", "Called", "Client", "Door", "Function", "History", "Wants", "adrain", "drain"]
