"""OpenAI Responses: a conversation as a list of items.

How items become messages, and back
-----------------------------------
A request's `input` and a response's `output` are flat lists of items; the inner form has turns. The rule:

- An item that the model produced (assistant message, reasoning, function_call, custom_tool_call, and every item
  that the provider ran itself) joins the turn of the model items next to it: one assistant `Message` with
  reasoning, text and tool-call parts in their order. A whole `output` is one such turn.
- A message of the caller (user, system, developer) is a `Message` of its own.
- A tool's result is a `Message` of role `tool` with one `ToolResult`.
- An item that this version does not model is an `Opaque` part: in the model's turn, or, when it comes from the
  caller (it has a role, or its type ends in `_output` or `_response`), in a message of its own.

So that the same list comes out again, the first part of an assistant message item carries the note `item` and the
item's own notes (`item.id=...`) in its `spelling`; other items have one part, whose notes are the item's.

Files: `notes.py` the notes; `parts.py` content parts; `items.py` the rule above; `controls.py` tools, choice,
format, reasoning; `request.py`; `reply.py`; `stream_decoder.py`; `stream_encoder.py`; `codec.py`.
"""

from openclaw.dialects.responses.codec import Responses

__all__ = ["Responses"]
