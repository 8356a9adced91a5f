"""English slides: the winter of a clothing shop."""

from es_jina.demo.sample_source.sheets.model import SLIDE, Deck, Figure, Sheet, Style

WINTER_COLLECTION = Deck(
    path="shop/winter-collection-slides.pdf",
    language="en",
    title="Needle & North, review of the winter",
    page=SLIDE,
    style=Style("DemoSans-Bold", "#34344e", "#ffffff", "#222222"),
    sheets=(
        Sheet(
            ("jacket", "price"),
            "open",
            "What people really paid, week of sales included",
            Figure(
                "pink",
                "line",
                13,
                "Mean receipt for one padded piece, in each month.",
                ("Sep", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar", "Apr"),
                ("0", "50", "100", "150", "200"),
                "Euros",
            ),
            (
                "# Two dips",
                "In October the mean was 178 euros. The week of sales before Christmas pulled it "
                "down to 94; by February it was back at 160.",
                "# What we learned",
                "The week brought 2,100 receipts and hardly any profit. Next time only last year's "
                "colours will be reduced.",
                "# Repairs",
                "312 zips replaced. Free, and the best advertisement we have.",
            ),
            dark=True,
        ),
        Sheet(
            ("shoe",),
            "open",
            "Small sizes ran out in November",
            Figure(
                "purple",
                "bar",
                6,
                'Pairs of the boot "Fjord" sold until the end of March, by size.',
                ("36–37", "38–39", "40–41", "42–43", "44–45"),
                ("0", "100", "200", "300", "400"),
                "Pairs",
            ),
            (
                "# Order differently",
                "388 pairs went in 38 and 39 alone, and every third caller was told to wait. Of 44 "
                "and 45 we still have sixty.",
                "# Soles",
                "The new rubber does not slip on ice, but leaves marks on wood. The maker promises "
                "a harder blend by August.",
            ),
        ),
        Sheet(
            ("scarf", "glove"),
            "open",
            "What they are knitted from",
            Figure(
                "pink",
                "pie",
                14,
                "Pieces sold from October to March, by yarn.",
                ("alpaca", "cotton", "recycled yarn", "merino"),
            ),
            (
                "# A third is second life",
                "Yarn from old pullovers is now our largest group: 33 per cent, three times what "
                "it was. Nobody asks what it was before.",
                "# Merino holds",
                "30 per cent, with the fewest returns of all. Alpaca sheds hair on dark coats; we "
                "say so on the label.",
            ),
        ),
        Sheet(
            ("parcel", "gift"),
            "beside",
            "The way of an order, wrapped or not",
            Figure(
                "brown",
                "flow",
                31,
                "Four stations, two days on average.",
                (
                    "Picked from the shelf",
                    "Checked for stains",
                    "Wrapped in paper",
                    "Handed to the carrier",
                ),
            ),
            (
                "# Paper only",
                "Since September no plastic leaves the house. Wet boxes: 14 in 9,000.",
                "# A card by hand",
                "Every sixth order is for somebody else. We write the card with a pen; it takes a "
                "minute.",
                "# Returns",
                "The box opens without a knife and closes again.",
            ),
        ),
    ),
)
