"""Copies out of memory that the library lends, made by the functions of Python that make an object from an address.

One step of C each. `ctypes.string_at` takes a step of Python more, makes bytes only, and counts with 32 bits.
"""

from __future__ import annotations

from ctypes import PYFUNCTYPE, c_char_p, c_ssize_t, c_void_p, py_object, pythonapi

bytes_at = PYFUNCTYPE(py_object, c_void_p, c_ssize_t)(("PyBytes_FromStringAndSize", pythonapi))
"""(address, length) -> bytes. The address may be NULL when the length is 0, here and below."""

bytearray_at = PYFUNCTYPE(py_object, c_void_p, c_ssize_t)(("PyByteArray_FromStringAndSize", pythonapi))
"""(address, length) -> bytearray."""

text_at = PYFUNCTYPE(py_object, c_void_p, c_ssize_t, c_char_p)(("PyUnicode_DecodeUTF8", pythonapi))
"""(address, length, None) -> str, from UTF-8. UnicodeDecodeError for what is none."""
