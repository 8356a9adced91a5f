"""What the files of the sample are about that are not made of sheets."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class About:
    """A file.

    Attributes:
        language: its tag.
        topics: English words of the topics that it is about.
        readable: whether it names them in words that the demo model knows.
    """

    language: str
    topics: tuple[str, ...] = ()
    readable: bool = False


ABOUT = {
    "food/bread-and-cheese.md": About("en", ("bread", "cheese"), readable=True),
    "home/fridge-and-oven-tips.md": About("en", ("fridge", "oven", "energy"), readable=True),
    "health/Schlaf und Arzt.md": About("de", ("sleep", "doctor"), readable=True),
    "nature/Regen im Wald.md": About("de", ("rain", "forest"), readable=True),
    "culture/小提琴音乐会.md": About("zh", ("violin", "concert"), readable=True),
    "energy/heat-pump-faq.md": About("en"),
    "energy/solar-report-2025.pdf": About("en", ("energy",)),
    "energy/waermepumpe-wartung.pdf": About("de"),
    "energy/electricity-sources-poster.png": About("en", ("energy",)),
    "notes/led-blinker-howto.md": About("en"),
    "notes/Besprechung Solardach.md": About("de"),
    "notes/blinker-circuit.gif": About("en"),
    "travel/beach-weekend.txt": About("en", ("coast", "vacation")),
    "travel/beach-sunset.jpg": About("en", ("coast", "ocean")),
    "travel/lake-ride-zh.md": About("zh", ("bicycle", "lake")),
    "city/encuesta-ciclista-2025.pdf": About("es", ("bicycle", "city")),
    "city/park-map.webp": About("de", ("garden",)),
    "food/recolte-cafe-2025.pdf": About("fr", ("coffee", "harvest", "price")),
    "food/macedonia-de-frutas.md": About("es"),
    "food/fruit-bowl.tiff": About("en"),
    "food/珈琲の淹れ方.md": About("ja", ("coffee",)),
}
