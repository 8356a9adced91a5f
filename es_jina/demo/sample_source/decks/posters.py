"""Single pages that are kept as pictures: posters and slides in three languages."""

from es_jina.demo.sample_source.sheets.model import (
    POSTER,
    SLIDE,
    SQUARE,
    WIDE,
    Deck,
    Figure,
    Sheet,
    Style,
)

MOUNTAIN_LAKE = Deck(
    path="travel/mountain-lake.png",
    language="en",
    title="Hillside Tourist Board",
    page=POSTER,
    style=Style("DejaVuSans-Bold", "#1d3557", "#ffffff", "#0b3954"),
    sheets=(
        Sheet(
            ("mountain", "lake"),
            "open",
            "Two walks, one swim, no car",
            Figure(
                "blue",
                "map",
                124,
                "The two nature reserves. Boats cross from May to October, every hour.",
                ("North reserve", "South reserve"),
            ),
            (
                "# By train",
                "The red railcar stops at the jetty. From there a path follows the shore for five "
                "kilometres, level and shady.",
                "# On top",
                "Whoever climbs for two hours sees both shores at once. The hut sells soup until "
                "four and has 18 beds.",
                "# Swimming",
                "At the small beach below the jetty; 21 degrees in August.",
            ),
            size=28,
        ),
    ),
)

BREAD_BOARD = Deck(
    path="food/Brotzeit-Plakat.png",
    language="de",
    title="Dorfladen Tannenried",
    page=POSTER,
    style=Style("DemoSerif-Bold", "#4a2c2a", "#fff8ee", "#4a2c2a"),
    sheets=(
        Sheet(
            ("bread", "cheese"),
            "band",
            "Was zusammen am besten schmeckt: 181 Stimmen",
            Figure(
                "brown",
                "bar",
                31,
                "Stimmen beim Probieren am Erntedanktag.",
                ("Roggen, alt", "Dinkel, mild", "Walnuss, blau", "Weizen, frisch"),
                ("0", "25", "50", "75", "100"),
                "Stimmen",
            ),
            (
                "# Jeden Donnerstag",
                "Ab sieben Uhr frisch aus dem Steinofen. Wer ein Stück vom Laib will, nicht den "
                "ganzen, sagt es einfach.",
                "# Aus der Nähe",
                "Das Mehl kommt aus der Mühle im Ort, die Milch von elf Kühen am Sonnenhang.",
            ),
        ),
    ),
)

CITY_BICYCLE = Deck(
    path="city/城市单车.png",
    language="zh",
    title="临江市交通局",
    page=SQUARE,
    style=Style("Roboto-Bold", "#1d2433", "#f4f6f9", "#1d2433"),
    sheets=(
        Sheet(
            ("city", "bicycle"),
            "open",
            "每天有多少人骑车上班",
            Figure(
                "orange",
                "line",
                14,
                "每个工作日的骑行人次，各年平均。",
                ("2017", "2018", "2019", "2020", "2021", "2022", "2023", "2024", "2025"),
                ("0", "5", "10", "15", "20"),
                "万人次",
            ),
            ("2025年接近十四万人次，是2020年的近三倍。沿江骑行道全长三十一公里，夜间有灯。",),
        ),
    ),
)

BUTTERFLY_FLOWER = Deck(
    path="nature/butterfly-flower.jpg",
    language="en",
    title="Lindmoor Garden Club",
    page=SQUARE,
    style=Style("Roboto-Bold", "#14452f", "#ffffff", "#1b4332"),
    sheets=(
        Sheet(
            ("butterfly", "flower"),
            "open",
            "More kinds in bloom, more wings: 34 front yards, one afternoon in July",
            Figure(
                "pink",
                "scatter",
                30,
                "Each dot is a yard.",
                ("0", "10", "20", "30", "40"),
                ("0", "10", "20", "30", "40"),
                "Animals counted",
                "Kinds in bloom",
            ),
            ("Leave one corner unmown. Seeds are free at the club house.",),
            size=25,
        ),
    ),
)

MOVIE_NIGHT = Deck(
    path="culture/movie-night.jpg",
    language="en",
    title="Rex, Mill Lane 8, doors open at 19:30",
    page=SLIDE,
    style=Style("OpenSans-Bold", "#20242a", "#ffffff", "#222222"),
    sheets=(
        Sheet(
            ("movie",),
            "open",
            "The programme of the week",
            Figure(
                "green",
                "table",
                27,
                "Eight euros, six for pupils and pensioners.",
                (
                    "Day",
                    "Title",
                    "From",
                    "Hall",
                    "Mon",
                    "The Last Ferry",
                    "20:00",
                    "1",
                    "Tue",
                    "Salt",
                    "20:15",
                    "2",
                    "Wed",
                    "Our Aunt Ada",
                    "20:00",
                    "1",
                    "Fri",
                    "Nine Lanterns",
                    "21:00",
                    "1",
                    "Sat",
                    "Tin Soldiers",
                    "19:45",
                    "2",
                ),
            ),
            (
                "# With subtitles",
                "Monday and Friday in the original, all others dubbed.",
                "# Afterwards",
                "On Wednesday the director answers questions. The bar is open until midnight.",
                "# For families",
                "On Sunday at three, short ones for everybody from four years on. Blankets are "
                "there, popcorn too.",
                "# Closed",
                "Thursday, for the repair of the projector.",
            ),
            size=30,
            dark=True,
        ),
    ),
)

WASTE = Deck(
    path="home/Abfall-trennen.png",
    language="de",
    title="Stadtwerke Lindenau, Abfallberatung",
    page=WIDE,
    style=Style("OpenSans-Bold", "#20242a", "#ffffff", "#0b3954"),
    sheets=(
        Sheet(
            ("garbage",),
            "open",
            "Was in einem Haushalt in der Woche anfällt",
            Figure(
                "blue",
                "pie",
                12,
                "Anteile am Gewicht, Mittel von 60 Haushalten (gerundet).",
                ("Papier", "Glas", "Verpackungen", "Rest", "Küche und Garten"),
            ),
            (
                "# Das meiste kann verrotten",
                "35 Prozent sind Schalen, Reste und Laub. In der braunen Tonne wird daraus Erde, "
                "im Restmüll nur Asche.",
                "# Deckel ab",
                "Becher und Deckel einzeln einwerfen: Die Maschine erkennt sie sonst nicht.",
                "# Abholung",
                "Braun jede Woche, alle anderen alle vierzehn Tage.",
            ),
            size=30,
        ),
    ),
)

SOCCER_TEAM = Deck(
    path="sport/soccer-team.png",
    language="en",
    title="SC Lindmoor, women's first eleven",
    page=WIDE,
    style=Style("DejaVuSans-Bold", "#3a3f47", "#ffffff", "#34344e"),
    sheets=(
        Sheet(
            ("soccer", "team"),
            "band",
            "From 80 people on the grass to 620 in the stands",
            Figure(
                "orange",
                "area",
                6,
                "Spectators at the twelve home matches of the season.",
                tuple(str(number) for number in range(1, 13)),
                ("0", "250", "500", "750", "1,000"),
                "Spectators",
            ),
            (
                "# Promoted",
                "Eleven wins, a draw and no defeat at home. The last match was watched by 620.",
                "# Join us",
                "Training on Tuesday and Thursday at six, beginners at five. Boots can be lent.",
            ),
            size=28,
        ),
    ),
)

COFFEE_SUGAR = Deck(
    path="food/咖啡与砂糖.png",
    language="zh",
    title="城南咖啡馆二十五周年",
    page=POSTER,
    style=Style("Roboto-Bold", "#4a2c2a", "#fbfaf6", "#4a2c2a"),
    sheets=(
        Sheet(
            ("coffee", "sugar"),
            "below",
            "客人越来越喜欢原味",
            Figure(
                "brown",
                "area",
                23,
                "每杯平均加多少克。",
                ("2000", "2005", "2010", "2015", "2020", "2025"),
                ("0", "4", "8", "12", "16"),
                "克",
            ),
            (
                "二〇〇〇年开店的时候，每杯要加八克多；现在只加一克，许多人什么都不加。",
                "豆子在店里烘焙，每周三和周六上午，欢迎来闻一闻。带杯子来，便宜三元。",
                "周年那一天，头二十五位客人免费，另送一小包新豆，产自云南的高山。",
                "店里的老钢琴谁都可以弹，晚上九点以后请轻一点。",
            ),
            size=28,
        ),
    ),
)

POSTERS = (
    MOUNTAIN_LAKE, BREAD_BOARD, CITY_BICYCLE, BUTTERFLY_FLOWER, MOVIE_NIGHT, WASTE, SOCCER_TEAM,
    COFFEE_SUGAR,
)  # fmt: skip
