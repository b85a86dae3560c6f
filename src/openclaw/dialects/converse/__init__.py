"""Bedrock Converse, the dialect in which AWS serves every vendor's models.

Files: `codec.py` the codec; `request.py`, `tools.py` and `thinking.py` the request; `content.py` blocks read,
`blocks.py` blocks written; `reply.py`, `stream.py` and `stream_writer.py` the answer; `errors.py` the errors. Streams
need botocore (extra `bedrock`), so importing this package does.
"""

from openclaw.dialects.converse.codec import Converse

__all__ = ["Converse"]
