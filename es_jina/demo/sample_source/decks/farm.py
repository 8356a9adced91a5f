"""An English report: a year of a farm."""

from es_jina.demo.sample_source.sheets.model import A4, Deck, Figure, Sheet, Style

FARM = Deck(
    path="nature/farm-and-harvest.pdf",
    language="en",
    title="Low Fell Farm, letter to our members 2025",
    page=A4,
    style=Style("Roboto-Bold", "#14452f", "#ffffff", "#233d4d"),
    sheets=(
        Sheet(
            ("farm", "harvest"),
            "open",
            "118 tonnes of vegetables, after three rich years",
            Figure(
                "green",
                "area",
                30,
                "Figure 1. Vegetables brought in from our 31 hectares, in each year.",
                ("2016", "2017", "2018", "2019", "2020", "2021", "2022", "2023", "2024", "2025"),
                ("0", "50", "100", "150", "200"),
                "Tonnes",
            ),
            (
                "# Less, but enough",
                "118 tonnes came in, 76 less than in the best year, 2023, and as much as in 2020. "
                "Hail on the 3rd of June broke the young leeks and half of the beans. Every member "
                "got a full box in every week nevertheless, because cabbage and roots were late "
                "but heavy.",
                "# Who we are",
                "Nine of us work here all year, five more from May to October. 420 households pay "
                "for the season in advance and share what grows. Whoever wants to may weed on "
                "Fridays; there is cake.",
                "# Plans",
                "In spring we will plant a hedge of hazel and wild plum along the western edge, "
                "600 metres in all. It breaks the gusts and feeds the birds. The first nuts are "
                "expected in 2029.",
            ),
        ),
        Sheet(
            ("rain", "potato"),
            "open",
            "Wet summers fill the sacks",
            Figure(
                "brown",
                "scatter",
                26,
                "Figure 2. 56 plots from eight years: water from May to August, and yield.",
                ("100", "150", "200", "250", "300"),
                ("0", "15", "30", "45", "60"),
                "Tonnes a hectare",
                "Millimetres",
            ),
            (
                "# What the rows of dots say",
                "Plots that got less than 150 millimetres gave hardly ever more than 25 tonnes a "
                "hectare. With 250 and more it was 27 to 58. The straight line is not exact: sandy "
                "plots want more, the black soil by the brook needs less.",
                "# We stopped guessing",
                "Since 2021 a probe in each plot tells us how moist it is at the depth of a hand. "
                "We irrigate at night, and only when it shows less than 40 per cent. That saved a "
                "third of the water from the well.",
                "# Varieties",
                "Nicola and Ditta did best. The blue ones, which many of you like, stayed small "
                "again; we grow two rows of them for the feast in September and no more.",
            ),
        ),
        Sheet(
            ("sheep", "wool"),
            "below",
            "From the back to the needle in one week of April",
            Figure(
                "orange",
                "flow",
                17,
                "Figure 3. What is done with 240 fleeces.",
                ("Shear in the barn", "Wash at 60 degrees", "Card and comb", "Spin and wind"),
            ),
            (
                "# 240 in three days",
                "The shearers come from across the hills, two brothers and their niece. Each needs "
                "three minutes. A fleece weighs three kilos on the day and half of that when grass "
                "and grease are washed out.",
                "# No dye",
                "We spin four shades: white, grey, brown and nearly black. A hundred grams cost "
                "seven euros in the yard. What is too short for yarn is pressed into mats, which "
                "keep slugs off your beds.",
                "# Thank you, Bess",
                "Our old dog has retired. Her daughter Nell learned the gate in a fortnight.",
                "# What the mill does",
                "The mill in the valley is the last of eleven. It washes with soft water from the "
                "brook, which goes back through a bed of reeds. Its carding engine was built in "
                "1908 and has broken down twice since; both times the smith could mend it. From "
                "60 kilos up they card for anybody, at four euros a kilo.",
                "# Knitting on Thursdays",
                "From November to March the kitchen table is open to whoever wants to learn. "
                "Needles are there. Last winter 31 people made a pair of socks, four of them with "
                "three heels. Beginners bring patience, everyone else a cake.",
                "# The flock",
                "97 ewes, three rams and 140 lambs graze on the upper slopes from May on. Two "
                "lambs were lost to the fox, none to the wolf, who was seen once in September "
                "and did not stop.",
            ),
        ),
        Sheet(
            ("chicken",),
            "open",
            "Most eggs in May",
            Figure(
                "yellow",
                "line",
                15,
                "Figure 4. Eggs a day from 480 birds, mean of each month.",
                ("Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep"),
                ("0", "100", "200", "300", "400"),
                "Eggs a day",
            ),
            (
                "# Light decides",
                "In February the 480 birds laid 168 eggs a day, in May 388. We do not switch on "
                "lamps in winter: they rest, and live two years longer for it. Boxes hold four "
                "instead of six until March.",
                "# Two houses on wheels",
                "Each house is pulled to fresh grass on Mondays. The fence has to come along, "
                "which takes longer than the pulling. Since geese graze with them, the hawk has "
                "taken only two.",
                "# Brothers live too",
                "The males are raised on the northern slope and go to the kitchen after sixteen "
                "weeks. An egg is four cents dearer for that. Nobody has complained.",
            ),
        ),
        Sheet(
            ("weather",),
            "band",
            "From the diary of the station by the barn",
            Figure(
                "blue",
                "table",
                4,
                "Table 1. The first week of June, read at seven in the evening.",
                (
                    "Day",
                    "Highest",
                    "Lowest",
                    "Fallen",
                    "Monday",
                    "24 °C",
                    "11 °C",
                    "–",
                    "Tuesday",
                    "19 °C",
                    "9 °C",
                    "31 mm, hail",
                    "Wednesday",
                    "16 °C",
                    "8 °C",
                    "6 mm",
                    "Thursday",
                    "18 °C",
                    "7 °C",
                    "–",
                    "Friday",
                    "22 °C",
                    "10 °C",
                    "–",
                    "Saturday",
                    "25 °C",
                    "13 °C",
                    "2 mm",
                ),
            ),
            (
                "# Eleven minutes",
                "The cloud came from the west at twenty past three and was gone eleven minutes "
                "later. Stones as large as cherries lay in the furrows until dark. The glass of "
                "the small greenhouse broke; the large one has a net and held.",
                "# Written by hand since 1952",
                "Three generations have filled 74 booklets with temperatures. A pupil from Canal "
                "Street typed them in last winter. The frost in May comes nine days earlier than "
                "it did then, and the first warm night of the year three weeks earlier.",
                "# What we do about it",
                "Nets over the beds cost 38,000 euros; the county pays half. The beans will be "
                "sown in three lots, ten days apart, so that one bad hour cannot take all of them. "
                "And the seed of the hardiest leeks was kept.",
                "# Ask the station",
                "It sends a text message when less than two degrees are expected before dawn. "
                "Write to the office if you want it too; ninety gardens already get it.",
            ),
        ),
    ),
)
