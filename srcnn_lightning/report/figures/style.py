"""The look of every figure: colours that colour-blind readers tell apart, type large enough."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# After Okabe and Ito 2008, its light colours darkened to a contrast of 3 with white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#AA3377", "#B07D00", "#3A95D0", "#9C6B3F")
INK = "#1f2328"  # text and axes; the page gives them the colour of its own text
GREY = "#8b949e"  # the baselines, and curves too many for a colour each
DASHES = {"bicubic": (6, 2), "bilinear": (3, 2), "nearest": (1, 2)}
DOTS_PER_INCH = 160
_PATH = re.compile(r' d="[^"]*"')
_DIGITS = re.compile(r"(\d\.\d\d)\d+")  # beyond a hundredth of a point nothing is seen
_SCHEMES = (  # the blue is too dark for a dark page
    f"svg{{color:{INK};--blue:{COLOURS[0]}}}"
    "@media(prefers-color-scheme:dark){svg{color:#e6edf3;--blue:#4aa8e8}}"
)

_STYLE: Any = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GREY,
    "grid.alpha": 0.25,
    "text.parse_math": False,  # a name may hold a $
    "svg.fonttype": "path",  # the same letters everywhere
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
    ),
}


@contextmanager
def figure(width: float, height: float) -> "Iterator[Figure]":
    """An empty figure, without a window and without pyplot's global state.

    Args:
        width: width in inches.
        height: height in inches.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        canvas = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(canvas)
        yield canvas
        # Once, not again for each file: half of the time of saving.
        with _without_glyph_warnings():
            canvas.draw_without_rendering()
        canvas.set_layout_engine("none")


def set_log_scale(axis: "Axis") -> None:
    """A logarithmic axis with as many round marks as its range has room for."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    (axis.axes.set_xscale if axis is axis.axes.xaxis else axis.axes.set_yscale)("log")
    low, high = axis.get_view_interval()
    marks: tuple[float, ...] = (1, 1.5, 2, 3, 4, 5, 6, 7, 8)
    if high > 8 * low:
        marks = (1,) if high > 300 * low else (1, 2, 5)
    axis.set_major_locator(LogLocator(subs=marks, numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def as_svg(drawn: "Figure") -> bytes:
    """Vectors, on white; the same figure gives the same bytes."""
    return _saved(drawn, "svg", metadata={"Date": None})


def as_png(drawn: "Figure") -> bytes:
    """Pixels, on white."""
    # Level 6 is 2 percent smaller and takes twice the time.
    return _saved(drawn, "png", pil_kwargs={"compress_level": 4})


def as_page_svg(svg: bytes) -> bytes:
    """A saved figure for the page: without its white ground, in the page's colour, rounded."""
    text = svg.decode()
    text = text.replace("fill: #ffffff", "fill: none").replace(INK, "currentColor")
    text = text.replace(COLOURS[0].lower(), "var(--blue)")
    text = _PATH.sub(lambda path: _DIGITS.sub(r"\1", path[0]), text)
    return text.replace("<defs>", f"<style>{_SCHEMES}</style>\n<defs>", 1).encode()


def as_page_picture(png: bytes) -> bytes:
    """A saved figure of photographs as WebP for the page; the lossless PNG lies beside it."""
    content = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(content, "WEBP", quality=80, method=2)
    return content.getvalue()


def _saved(drawn: "Figure", kind: str, **options: Any) -> bytes:
    from matplotlib import rc_context

    content = io.BytesIO()
    with rc_context({**_STYLE, "svg.hashsalt": "srcnn_lightning"}), _without_glyph_warnings():
        drawn.savefig(content, format=kind, dpi=DOTS_PER_INCH, **options)
    return content.getvalue()


@contextmanager
def _without_glyph_warnings() -> Iterator[None]:
    """A name in letters that the font lacks shows boxes; its text on the page is whole."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield
