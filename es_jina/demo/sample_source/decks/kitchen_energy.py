"""English slides: saving electricity in the kitchen."""

from es_jina.demo.sample_source.sheets.model import WIDE, Deck, Figure, Sheet, Style

KITCHEN_ENERGY = Deck(
    path="home/kitchen-energy-slides.pdf",
    language="en",
    title="Evening class: where does the current go?",
    page=WIDE,
    style=Style("DejaVuSans-Bold", "#2b3440", "#ffffff", "#34344e"),
    sheets=(
        Sheet(
            ("kitchen", "energy"),
            "open",
            "One room uses a third of what a household pays for",
            Figure(
                "red",
                "pie",
                8,
                "Use of electricity in the room, mean of 40 households (rounded).",
                ("dishwasher", "kettle and small things", "hob", "cooling and freezing"),
            ),
            (
                "# We measured for a year",
                "Forty households lent us their sockets. Each appliance got a meter of its own, "
                "which wrote down a number every minute.",
                "# Cold comes first",
                "Not cooking but cooling is the largest part, 45 per cent, because it never stops. "
                "The hob is hot for half an hour a day; the compressor next to it runs for eight.",
                "# Small things add up",
                "Kettle, toaster and the clock of the microwave: 15 per cent. The clock alone "
                "takes more in a year than the oven light in ten.",
            ),
        ),
        Sheet(
            ("fridge",),
            "open",
            "What 200 litres cost in a year, by year of make",
            Figure(
                "blue",
                "line",
                19,
                "Consumption of tested appliances of 200 litres without a freezer.",
                ("1990", "1995", "2000", "2005", "2010", "2015", "2020", "2025"),
                ("0", "250", "500", "750", "1,000"),
                "Kilowatt hours a year",
            ),
            (
                "# Ten times less",
                "An appliance of 1990 takes 710 kilowatt hours, one of 2025 sixty. Since 2015 "
                "hardly anything has changed: the walls cannot become much thicker.",
                "# When to replace",
                "If yours was made before 2005, a new one pays for itself in four years. After "
                "2010 it does not: keep it, and clean the grille at the back instead.",
                "# Seven degrees are enough",
                "Each degree colder costs six per cent. Put a glass of water inside overnight and "
                "measure that, not the air.",
            ),
        ),
        Sheet(
            ("oven",),
            "beside",
            "One tray of potatoes, four ways",
            Figure(
                "orange",
                "bar",
                9,
                "Current used for one kilo, until a fork goes in.",
                ("Hot air", "Upper and lower heat", "Microwave", "Fryer, in two loads"),
                ("0", "0.4", "0.8", "1.2", "1.6"),
                "Kilowatt hours",
            ),
            (
                "# Leave the door shut",
                "Every look inside costs as much as four minutes of heat. The window is there to "
                "be looked through; clean it.",
                "# No warming up",
                "Only puff pastry needs it. Everything else may go in cold and takes five minutes "
                "longer, which is still a fifth less.",
                "# Two trays at once",
                "With hot air a second tray costs nearly nothing. Bake on Saturday for Wednesday.",
            ),
        ),
        Sheet(
            ("lamp", "window"),
            "open",
            "Light for the table: what to buy, what to leave",
            Figure(
                "yellow",
                "table",
                9,
                "Three hours of light an evening for a year, at 34 cents.",
                (
                    "Kind of bulb",
                    "Power",
                    "Cost a year",
                    "LED, warm white",
                    "6 W",
                    "2.23 euros",
                    "LED strip, dimmed",
                    "9 W",
                    "3.35 euros",
                    "Halogen",
                    "42 W",
                    "15.64 euros",
                    "Compact tube",
                    "11 W",
                    "4.10 euros",
                    "Old filament",
                    "60 W",
                    "22.34 euros",
                ),
            ),
            (
                "# Daylight is free",
                "A table that stands a metre from the glass needs no bulb until six in the "
                "evening, from March to October. White sills throw the light up to the ceiling.",
                "# Warm, not weak",
                "Look for 2,700 kelvin and at least 470 lumens. The watts on the box say nothing "
                "about brightness any more.",
                "# Not in the bin",
                "Tubes contain mercury. Shops take them back, whoever sold them.",
            ),
        ),
        Sheet(
            ("battery",),
            "open",
            "The sun of noon for the soup of the evening",
            Figure(
                "green",
                "flow",
                19,
                "The way of the current on a clear day.",
                ("Panels on the balcony", "Store under the bench", "Hob and kettle at night"),
            ),
            (
                "# A box of the size of a suitcase",
                "Two panels on the railing make 600 watts at noon, when nobody cooks. A store of "
                "1.6 kilowatt hours keeps it until seven.",
                "# What it brings",
                "In summer it covers nine dinners of ten, in December one of ten. Over the year "
                "that is 390 kilowatt hours, or 130 euros.",
                "# What to look for",
                "Cells of lithium iron phosphate do not burn easily and last for 6,000 charges. "
                "The box wants to be dry and never below freezing.",
            ),
        ),
    ),
)
