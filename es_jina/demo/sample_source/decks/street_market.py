"""An English report: the street market of an invented town."""

from es_jina.demo.sample_source.sheets.model import A4, Deck, Figure, Sheet, Style

STREET_MARKET = Deck(
    path="food/street-market-2025.pdf",
    language="en",
    title="Lindmoor Street Market 2025",
    page=A4,
    style=Style("OpenSans-Bold", "#1d3557", "#ffffff", "#1d3557"),
    sheets=(
        Sheet(
            ("market",),
            "band",
            "Two squares, 61 stalls, and every Saturday since 1874",
            Figure(
                "orange",
                "map",
                34,
                "Figure 1. The grounds: Town Green in the north, Mill Square in the south.",
                ("Mill Square", "Town Green"),
            ),
            (
                "# What the year was like",
                "The stalls opened on 51 Saturdays. Only the last one before Christmas was called "
                "off, because the square was covered with ice and the fire brigade would not allow "
                "heaters under the awnings. On an ordinary morning 61 traders set up between five "
                "and half past six; at noon they pack up again.",
                "# Who stands where",
                "Food is sold on Town Green, which has drains and running water. Baskets, tools, "
                "plants and second-hand books stand on Mill Square. The two halves are joined by a "
                "lane that belongs to pedestrians until two o'clock.",
                "# How to rent a place",
                "Three metres cost 14 euros for a morning, power included. Who wants to come for "
                "the first time asks the warden at the fountain before six; there are always two "
                "or three gaps. Yearly places are given away in November, and a third of them went "
                "to newcomers this time.",
            ),
        ),
        Sheet(
            ("bread", "price"),
            "open",
            "A one-kilo loaf costs almost twice as much as in 2021",
            Figure(
                "brown",
                "line",
                9,
                "Figure 2. A one-kilo mixed loaf at the five stalls of bakers, on average.",
                ("2021", "2022", "2023", "2024", "2025"),
                ("0", "1.50", "3.00", "4.50", "6.00"),
                "Euros per kilo",
            ),
            (
                "# Flour was not the reason",
                "From 2.28 euros in 2021 a loaf went to 4.20 in 2025. There was one pause: in 2023 "
                "two bakers shared an oven and passed on what they saved. Grain itself has been "
                "cheap again since the spring of 2024. What grew were wages, rent and the gas "
                "bill, which together make up four fifths of the cost.",
                "# Day-old loaves sell first",
                "Since May every stall has kept a crate of yesterday's loaves at half the sum. It "
                "is empty by nine. The bakers say that they throw away a third less than before, "
                "and that students who come for the crate return later for rolls.",
                "# What people say",
                "Of 212 shoppers whom we asked, 140 would rather pay for a good crust than drive "
                "to the supermarket. Forty buy a smaller loaf than they used to. The others said "
                "that they had begun to bake at home, at least in winter.",
            ),
        ),
        Sheet(
            ("cheese",),
            "open",
            "Hard and old wins, as it has for ten years",
            Figure(
                "yellow",
                "pie",
                26,
                "Figure 3. Kilos sold by the three dairies in 2025, by kind (rounded).",
                ("soft, with a white rind", "from goats", "blue", "hard, aged a year or more"),
            ),
            (
                "# Three dairies, 26 tonnes",
                "The dairies from Ashby, Low Fell and the abbey sold 26 tonnes. More than a third "
                "of it was aged for at least a year. The abbey keeps its wheels in the old tunnel "
                "under the brewery, where it is eleven degrees in every season.",
                "# Goats are catching up",
                "What is made from the milk of goats grew by a fifth, to about a quarter of the "
                "whole. One reason is that the herd at Low Fell doubled; another is that people "
                "who cannot digest cow's milk have found out that they often can digest this.",
                "# Try before you buy",
                "All three let you taste. Ask for the end of a wheel: it is the best part and goes "
                "for two thirds, because it does not look pretty in a window. Wrapped in waxed "
                "paper it lasts for three weeks on the lowest shelf.",
                "# A prize for the abbey",
                "In October the jury of the county gave its gold medal to a wheel of eighteen "
                "months from the tunnel. It tastes of hazelnut and hay. The abbey will not make "
                "more of it: there is room for 340 wheels, and the two brothers who turn them "
                "twice a week are over seventy.",
                "# What becomes of the whey",
                "From ten litres of milk comes one kilo for the counter and nine litres of whey. "
                "Until last year it was carted away. Now pigs at Ashby drink it, and a little is "
                "boiled down to a brown caramel that children like on their porridge.",
            ),
        ),
        Sheet(
            ("coffee",),
            "below",
            "The cart at the fountain has its rush at eleven",
            Figure(
                "red",
                "bar",
                28,
                "Figure 4. Cups sold in each hour of a Saturday, mean of June.",
                ("7:00", "8:00", "9:00", "10:00", "11:00", "12:00", "13:00", "14:00"),
                ("0", "50", "100", "150", "200"),
                "Cups",
            ),
            (
                "# 740 cups in eight hours",
                "One cart, two machines, three people. They start at seven with the traders, who "
                "drink it black and pay with tokens. The long queue comes at eleven: 174 cups in "
                "one hour, one every twenty seconds. After one o'clock mostly cold brew is sold.",
                "# Beans with a name",
                "The beans come from two cooperatives on the Plateau of Kira and are roasted in "
                "the Mill Lane on Thursdays. A sack lasts for three Saturdays. Those who bring "
                "their own cup save 30 cents; in June more than half of them did.",
                "# Grounds for the roses",
                "What is left in the filters goes to the allotments behind the tram depot. They "
                "fetch four pails each week and say that slugs do not like it.",
            ),
        ),
        Sheet(
            ("pumpkin", "onion"),
            "open",
            "What a kilo cost on the first Saturday of the month",
            Figure(
                "orange",
                "table",
                17,
                "Table 1. Mean of all stalls, in euros per kilo. A dash: not on sale.",
                (
                    "On sale",
                    "May",
                    "August",
                    "October",
                    "Hokkaido",
                    "–",
                    "2.60",
                    "1.90",
                    "Butternut",
                    "–",
                    "2.90",
                    "2.20",
                    "Yellow, loose",
                    "1.40",
                    "1.10",
                    "0.95",
                    "Red, in plaits",
                    "–",
                    "2.40",
                    "2.10",
                    "Spring, a bunch",
                    "1.20",
                    "1.00",
                    "–",
                ),
            ),
            (
                "# A good autumn",
                "After the wet June everything was late, but the dry September put it right. The "
                "growers along the canal brought in eleven tonnes of Hokkaido, two more than last "
                "year, and sold the small ones by the piece to schools for lanterns.",
                "# Plaits are back",
                "Red ones plaited by hand had vanished from the stalls for years. Two sisters from "
                "Ashby learned it from their grandmother, and by the end of August they had sold "
                "six hundred plaits. They keep until Easter if they hang in the dry.",
                "# Keep them apart",
                "Stored next to each other both spoil sooner. Give the round ones a shelf where "
                "they do not touch, at twelve to fifteen degrees, and the others a net in the "
                "coolest corner of the cellar.",
            ),
        ),
        Sheet(
            ("customer",),
            "band",
            "Most people come between nine and eleven",
            Figure(
                "purple",
                "area",
                21,
                "Figure 5. People on the two squares at the full hour, mean of ten counts.",
                ("7:00", "8:00", "9:00", "10:00", "11:00", "12:00", "13:00", "14:00"),
                ("0", "250", "500", "750", "1,000"),
                "People",
            ),
            (
                "# Counted from the tower",
                "On ten Saturdays pupils of the Lindmoor school counted heads from the tower, "
                "every hour, with binoculars and a grid of strings. At seven there were 330 "
                "people, from nine to eleven about 660, and at two o'clock 180.",
                "# Who comes, and how",
                "Half of them live within ten minutes on foot. A fifth arrive by tram, one in "
                "seven on two wheels. Since the car park behind the mill was closed, fewer drive; "
                "the traders feared for their takings, which nevertheless rose by four per cent.",
                "# What they ask for",
                "Benches come first on the list of wishes, then shade, then a place to leave bags. "
                "The town will put up twelve benches under the lime trees in spring.",
            ),
        ),
    ),
)
