"""How `WasmSandbox` and its worker cut messages: four bytes of length, big-endian, before each."""

import struct
from typing import Final

LENGTH: Final = struct.Struct(">I")
