"""The operation of `/v1/responses`: model calls that are kept, gone on from, and run without their caller.

The gateway keeps the conversation, whatever the provider could keep: so each target gets the whole of it, and the next
turn may go to another one (docs/decisions/0012-response-state.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from openclaw.calls import Call, Failure, JsonObject, Message, Opaque, Part, Reply, ReplyStarted
from openclaw.dialects.codec import Codec, InvalidRequest, StreamRelay
from openclaw.dialects.fields import Fields
from openclaw.dialects.jsontext import encode, parse
from openclaw.dialects.responses import Responses
from openclaw.dialects.responses.errors import cut_off, failed, failed_stream
from openclaw.dialects.responses.history import items_to_send, sendable
from openclaw.dialects.responses.ids import Ids
from openclaw.dialects.responses.items import decode_items, decode_model_item
from openclaw.dialects.responses.notes import CHANGED
from openclaw.dialects.responses.parts import NAME
from openclaw.dialects.responses.passthrough import ResponsesPassthrough, ResponsesRelay
from openclaw.dialects.responses.reply import shell
from openclaw.dialects.responses.request import ENCRYPTED
from openclaw.dialects.responses.stream_encoder import ResponsesStreamEncoder
from openclaw.gateway.kept import KeptResponse
from openclaw.gateway.model_calls import ModelCalls, TranslatingRelay
from openclaw.gateway.operation import Answer, Stamp, Written
from openclaw.gateway.room import Room
from openclaw.providers.provider import ProviderKind
from openclaw.routing.target import Target

Head = TypeVar("Head", Reply, ReplyStarted)

_PREVIOUS, _BACKGROUND, _CONVERSATION = "previous_response_id", "background", "conversation"
_OURS = frozenset({_PREVIOUS, _BACKGROUND})
"""Request fields that this gateway acts on itself, whatever the provider could do."""

_REFERENCE = "item_reference"
_NOTHING = msgspec.Raw(b"null")
_ANSWERED = frozenset({"completed", "incomplete"})


class ResponsesCalls(ModelCalls):
    """The operation, and its port `openclaw.gateway.operation.Memory`."""

    def __init__(self) -> None:
        super().__init__("responses", Responses(), ResponsesPassthrough(), _codec, _check)
        self.memory = self

    def read(self, raw: bytes, body: JsonObject) -> Call:
        call = super().read(raw, body)
        fields = Fields(call.extra)
        previous, background = fields.text(_PREVIOUS), fields.boolean(_BACKGROUND)
        if previous and fields.peek(_CONVERSATION) not in (UNSET, None):
            raise InvalidRequest(_PREVIOUS, f"'{_PREVIOUS}' and '{_CONVERSATION}' exclude each other")
        if background is True and call.store is False:
            raise InvalidRequest(_BACKGROUND, f"'{_BACKGROUND}' needs 'store': nobody waits for the answer")
        return _changed(call) if background is True else call

    def write(self, request: Call, raw: bytes, target: Target) -> Written:
        written = super().write(self._asking_for_state(request, target), raw, target)
        return msgspec.structs.replace(written, passes=False) if CHANGED in request.spelling else written

    def _asking_for_state(self, request: Call, target: Target) -> Call:
        """What is to be sent again later must be whole without the provider's memory: a thought needs its state."""
        thinks = target.profile is not None and target.profile.reasoning
        if not thinks or not self.keeps(request) or not isinstance(self._codec(target), Responses):
            return request
        included = request.extra.get("include") or []
        if not isinstance(included, list) or ENCRYPTED in included:
            return request
        return msgspec.structs.replace(request, extra={**request.extra, "include": [*included, ENCRYPTED]})

    def _fields_for_us(self, request: Call, target: Target) -> frozenset[str]:
        return super()._fields_for_us(request, target) | (_OURS & request.extra.keys())

    def replay(self, request: Call, written: Written, target: Target, body: bytes, stamp: Stamp) -> Answer:
        answer = super().replay(request, written, target, body, stamp)
        return msgspec.structs.replace(answer, whole=super().answer(request, written, target, body, stamp).body)

    def _named(self, head: Head, request: Call, target: Target, stamp: Stamp) -> Head:
        """An id that no provider gives twice, and what the provider has not been told of the request."""
        head = super()._named(head, request, target, stamp)
        told = {key: request.extra[key] for key in _OURS & request.extra.keys()} if head.dialect == NAME else {}
        return msgspec.structs.replace(head, id=Ids(stamp.call_id).response, extra={**head.extra, **told})

    # --- memory

    def previous(self, request: Call) -> str | None:
        return Fields(request.extra).text(_PREVIOUS) or None

    def resume(self, request: Call, turns: Sequence[KeptResponse], room: Room) -> Call:
        said = [(bytes(_asked(turn.request).input), bytes(_answered(turn.response).output)) for turn in turns]
        if (status := _answered(turns[-1].response).status) not in _ANSWERED:
            raise InvalidRequest(_PREVIOUS, f"The previous response has no answer to go on from, it is '{status}'")
        room.take((text for turn in said for text in turn), _PREVIOUS)
        earlier = items_to_send(({"input": parse(asked)}, {"output": parse(answered)}) for asked, answered in said)
        messages = (*decode_items(earlier, _PREVIOUS), *request.messages)
        return _changed(msgspec.structs.replace(request, messages=messages))

    def references(self, request: Call) -> frozenset[str]:
        return frozenset(identity for message in request.messages for identity in _references(message))

    def resolve(self, request: Call, items: Mapping[str, JsonObject], room: Room) -> Call:
        if not items:
            return request
        texts = {identity: encode(item) for identity, item in items.items()}
        uses = (identity for message in request.messages for identity in _references(message))
        room.take((texts[identity] for identity in uses if identity in texts), "input")
        messages = tuple(_with_items(message, items) for message in request.messages)
        return _changed(msgspec.structs.replace(request, messages=messages))

    def keeps(self, request: Call) -> bool:
        return request.store is not False

    def runs_detached(self, request: Call) -> bool:
        return request.extra.get(_BACKGROUND) is True

    def begun(self, request: Call, stamp: Stamp) -> JsonObject:
        return shell(Ids(stamp.call_id).response, request.model, stamp.unix_s, None, request)

    def failed(self, begun: JsonObject, failure: Failure) -> JsonObject:
        return failed(begun, failure)

    def failed_stream(self, begun: JsonObject, failed: JsonObject) -> bytes:
        return failed_stream(begun, failed)

    def cut_off(self, before: bytes, failure: Failure) -> bytes:
        return cut_off(before, failure)

    def said(self, relay: StreamRelay) -> bytes | None:
        if isinstance(relay, ResponsesRelay):
            return relay.response
        if isinstance(relay, TranslatingRelay) and isinstance(relay.encoder, ResponsesStreamEncoder):
            return encode(relay.encoder.response)
        return None


class RecalledResponses(ResponsesCalls):
    """The memory of a call that only asks about an answer: it goes on from others, and nothing goes on from it."""

    def keeps(self, request: Call) -> bool:
        return False

    def runs_detached(self, request: Call) -> bool:
        return False


class _Asked(msgspec.Struct):
    """What of a turn's request goes into the next call; the tools and instructions beside it stay unread."""

    input: msgspec.Raw = _NOTHING


class _Answered(msgspec.Struct):
    """What of a turn's response does."""

    output: msgspec.Raw = _NOTHING
    status: Any = None


_asked = msgspec.json.Decoder(_Asked).decode
_answered = msgspec.json.Decoder(_Answered).decode


def _codec(kind: ProviderKind) -> Codec | None:
    return kind.responses or kind.codec


def _check(call: Call, codec: Codec) -> None:
    """Refuse what only a provider that keeps it can mean, where the target is another. Raises `InvalidRequest`."""
    if isinstance(codec, Responses):
        return
    for field in (_CONVERSATION, "prompt"):
        if call.extra.get(field) is not None:
            raise InvalidRequest(field, f"'{field}' is what only a provider of the Responses API keeps; this is none")
    for message in call.messages:
        for identity in _references(message):
            raise InvalidRequest("input", f"Item with id '{identity[:200]}' not found.")


def _changed(call: Call) -> Call:
    return msgspec.structs.replace(call, spelling=(*call.spelling, CHANGED))


def _references(message: Message) -> Iterator[str]:
    """The ids of items that the caller names instead of sending them."""
    for part in message.content if isinstance(message.content, tuple) else ():
        if isinstance(part, Opaque) and part.kind == _REFERENCE and isinstance(part.native.get("id"), str):
            yield part.native["id"]


def _with_items(message: Message, items: Mapping[str, JsonObject]) -> Message:
    if not isinstance(message.content, tuple) or not any(identity in items for identity in _references(message)):
        return message
    content = tuple(part for given in message.content for part in _resolved(given, items))
    return msgspec.structs.replace(message, content=content)


def _resolved(part: Part, items: Mapping[str, JsonObject]) -> Sequence[Part]:
    item: Any = items.get(part.native.get("id", "")) if isinstance(part, Opaque) and part.kind == _REFERENCE else None
    if item is None:
        return (part,)
    item = sendable(item)
    return decode_model_item(Fields(item, "input"), str(item.get("type")), item)
