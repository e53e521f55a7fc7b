"""The parts that cloud-init sees in user data (standard input), in order, as JSON: [{type, text in base64}]."""
import base64
import json
import sys

from cloudinit.helpers import Paths
from cloudinit.user_data import UserDataProcessor

message = UserDataProcessor(Paths({})).process(sys.stdin.buffer.read())
parts = [part for part in message.walk() if not part.is_multipart()]
print(json.dumps([{"type": part.get_content_type(), "text": base64.b64encode(part.get_payload(decode=True)).decode()} for part in parts]))
