"""OpenAI Chat Completions, the dialect of most providers and most callers.

Files: `codec.py` the codec and what differs by provider; `request.py`, `content.py`, `reply.py` and `stream.py`
the four translations; `passthrough.py` how a call passes through when caller and provider both speak it.
"""

from openclaw.dialects.chat.codec import Chat
from openclaw.dialects.chat.passthrough import ChatPassthrough, ChatRelay

__all__ = ["Chat", "ChatPassthrough", "ChatRelay"]
