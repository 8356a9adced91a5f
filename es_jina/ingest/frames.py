"""The pages of a TIFF."""

from pathlib import Path

from PIL import Image as PilImages
from PIL.Image import Image as PilImage
from PIL.Image import Resampling

from es_jina.errors import ItemError, first_line
from es_jina.inputs import Image
from es_jina.pictures import open_picture, picture_size, scale_to_budget

# In these a mean of pixels is a pixel.
_AVERAGED = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr"})


class Frames:
    """An open TIFF, or any other picture that may have several frames."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            ItemError: it is not there, not a picture or damaged.
        """
        picture_size(Image(path))  # complains as for any picture
        try:
            self._opened = PilImages.open(path)
            self.count: int = getattr(self._opened, "n_frames", 1)
        except Exception as error:  # Pillow's readers raise many types on damaged data
            raise ItemError(f"the picture is damaged: {first_line(error)}") from error

    def frame(self, index: int, max_pixels: int) -> PilImage:
        """Decode one frame.

        Args:
            index: from 0.
            max_pixels: a larger frame is scaled down to that area.

        Returns:
            A picture in mode RGB, EXIF orientation applied.

        Raises:
            ItemError: it is damaged, too large or elongated, or there is none of that number.
        """
        self._seek(index)
        picture = open_picture(Image(self._opened))
        size = scale_to_budget(*picture.size, max_pixels)
        return picture if size == picture.size else picture.resize(size, Resampling.BICUBIC)

    def small(self, index: int, side: int) -> PilImage:
        """Decode one frame for people to look at; no other may be decoded afterwards.

        A large picture is shrunk before all else is done to it, a JPEG while it is decoded.

        Args:
            index: from 0.
            side: the longest that either side may be; a smaller frame stays as it is.

        Returns:
            A picture in mode RGB, EXIF orientation applied.

        Raises:
            ItemError: it is damaged, or there is none of that number.
        """
        self._seek(index)
        self._opened.draft(None, (side, side))
        try:
            shrunk = _shrunk(self._opened, 2 * side)
        except Exception as error:  # as above
            raise ItemError(f"the picture is damaged: {first_line(error)}") from error
        picture = open_picture(Image(shrunk))
        picture.thumbnail((side, side))
        return picture

    def _seek(self, index: int) -> None:
        if not 0 <= index < self.count:
            raise ItemError(f"there is no page {index + 1}: the picture has {self.count}")
        try:
            self._opened.seek(index)
        except Exception as error:  # as above
            raise ItemError(f"page {index + 1} is damaged: {first_line(error)}") from error

    def close(self) -> None:
        """Close the file."""
        self._opened.close()


def _shrunk(picture: PilImage, side: int) -> PilImage:
    """Return a picture whose longest side is not much above `side`, if means of its pixels do."""
    factor = max(picture.size) // side
    return picture.reduce(factor) if factor > 1 and picture.mode in _AVERAGED else picture
