"""ICC profiles, version 2, byte by byte: three primaries or grey, and a tone curve."""

import struct

import numpy as np


def _number(value):
    return struct.pack(">i", round(value * 65536))


def _xyz(*values):
    return b"XYZ \0\0\0\0" + b"".join(_number(value) for value in values)


def _curve(values):
    return b"curv\0\0\0\0" + struct.pack(f">I{len(values)}H", len(values), *values)


def _profile(space, tags):
    description = b"desc\0\0\0\0" + struct.pack(">I", 2) + b"x\0" + bytes(78)
    tags = {b"desc": description, b"cprt": b"text\0\0\0\0x\0", **tags}
    table, data, start = b"", b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    body = struct.pack(">I", len(tags)) + table + data
    header = struct.pack(
        ">I4xI4s4s4s12x4s", 128 + len(body), 0x02100000, b"mntr", space, b"XYZ ", b"acsp"
    )
    white = b"".join(_number(value) for value in (0.9642, 1, 0.8249))
    return header.ljust(68, b"\0") + white + bytes(48) + body


def gamma(exponent):
    return _curve([round(exponent * 256)])


_levels = np.arange(1024) / 1023
_linear = np.where(_levels <= 0.04045, _levels / 12.92, ((_levels + 0.055) / 1.055) ** 2.4)
SRGB_CURVE = _curve((_linear * 65535).round().astype(int).tolist())


def rgb(red, green, blue, curve=SRGB_CURVE):
    """Of primaries in XYZ relative to D50."""
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    primaries = {b"rXYZ": _xyz(*red), b"gXYZ": _xyz(*green), b"bXYZ": _xyz(*blue)}
    return _profile(b"RGB ", {b"wtpt": _xyz(0.9505, 1, 1.0891), **primaries, **curves})


def grey(curve):
    return _profile(b"GRAY", {b"wtpt": _xyz(0.9642, 1, 0.8249), b"kTRC": curve})


# As their makers publish them.
DISPLAY_P3 = rgb(
    (0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)
)
SRGB = rgb((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
