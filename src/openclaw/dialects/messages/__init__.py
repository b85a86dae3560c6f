"""Anthropic Messages, the dialect of Claude and of the clients built for it.

Files: `codec.py` the codec and its variants by provider; `request.py`, `controls.py` and `thinking.py` the request;
`content.py` blocks read, `blocks.py` blocks written; `reply.py`, `stream.py` and `stream_writer.py` the answer;
`errors.py` the errors.
"""

from openclaw.dialects.messages.codec import Messages, bedrock_messages, vertex_messages

__all__ = ["Messages", "bedrock_messages", "vertex_messages"]
