"""English slides: how the people of an invented town get about."""

from es_jina.demo.sample_source.sheets.model import SLIDE, Deck, Figure, Sheet, Style

GETTING_ABOUT = Deck(
    path="city/getting-about-slides.pdf",
    language="en",
    title="Getting about in Lindmoor, council meeting of 12 March",
    page=SLIDE,
    style=Style("Roboto-Bold", "#20242a", "#f4f6f9", "#0b3954"),
    sheets=(
        Sheet(
            ("city", "tram"),
            "band",
            "Line 4 joins the two halves of the town",
            Figure(
                "red",
                "map",
                43,
                "The two fare zones. Line 4 runs from the north-west to the south-east.",
                ("Hill side", "Harbour side"),
            ),
            (
                "# What we propose",
                "• One more train an hour after eight in the evening.",
                "• A shelter with a roof and a light at each of the 23 stops.",
                "• One ticket for both zones, 2.40 euros, valid for 90 minutes.",
                "# What it costs",
                "Drivers and current: 310,000 euros a year. Shelters: 1.2 million, once; the "
                "region pays 60 per cent.",
            ),
        ),
        Sheet(
            ("bicycle",),
            "open",
            "Rides over the canal, counted by a loop in the ground",
            Figure(
                "green",
                "line",
                32,
                "Rides on a working day, mean of each month. The path was opened in May.",
                (
                    "Jan",
                    "Feb",
                    "Mar",
                    "Apr",
                    "May",
                    "Jun",
                    "Jul",
                    "Aug",
                    "Sep",
                    "Oct",
                    "Nov",
                    "Dec",
                ),
                ("0", "500", "1,000", "1,500", "2,000"),
                "Rides a day",
            ),
            (
                "# From 120 to 1,340",
                "Until April nobody rode here who did not have to: 120 a day, on a lane shared "
                "with lorries.",
                "With the separate path it became 880 in June and 1,340 in December, and it did "
                "not fall when it grew cold.",
                "# Next",
                "Plough the path before the road when it snows. Count at the station as well.",
            ),
        ),
        Sheet(
            ("bridge",),
            "open",
            "How the repair goes on while people cross",
            Figure(
                "purple",
                "flow",
                21,
                "Four steps, eleven weeks each. One lane stays open all the time.",
                ("Close the east lane", "Take off the deck", "Weld and paint", "Change sides"),
            ),
            (
                "# Why now",
                "The steel of 1931 has lost four millimetres to rust. Lorries over twelve tonnes "
                "have been sent round by the ring road since October.",
                "# What to expect",
                "Ten minutes more in the morning, noise between eight and five, never at night. "
                "Ambulances get green from the lights at both ends.",
            ),
        ),
        Sheet(
            ("railway", "journey"),
            "open",
            "The farther, the dearer, but not by the same measure",
            Figure(
                "blue",
                "scatter",
                28,
                "33 connections from the main station: distance and cheapest ticket.",
                ("0", "50", "100", "150", "200"),
                ("0", "10", "20", "30", "40"),
                "Euros",
                "Kilometres",
            ),
            (
                "# Near and dear",
                "Some places not thirty kilometres away cost 18 euros, because two companies share "
                "the line and each sells its own ticket. Some at 170 cost hardly more.",
                "# One fix",
                "With a common tariff eight villages would save half. The county has offered to "
                "pay the difference for two years.",
                "# Cost",
                "90,000 euros a year, less if more people ride.",
            ),
        ),
        Sheet(
            ("airport", "luggage"),
            "open",
            "From the counter to the belt in four steps",
            Figure(
                "yellow",
                "flow",
                10,
                "What happens to a suitcase after it was handed in.",
                ("Weighed and tagged", "X-rayed", "Sorted by flight", "Loaded on board"),
            ),
            (
                "# Where it goes wrong",
                "Of 1,000 cases four arrive late. Three of the four miss the third step: the tag "
                "is torn, and somebody has to read it by hand.",
                "# What helps",
                "• A second tag inside the lid.",
                "• No ribbons: they catch in the belt.",
                "• Bus 9 to the terminal now has racks for large cases.",
            ),
        ),
    ),
)
