"""A German report: a municipal forest."""

from es_jina.demo.sample_source.sheets.model import A4, Deck, Figure, Sheet, Style

FOREST_REPORT = Deck(
    path="nature/Waldbericht-2025.pdf",
    language="de",
    title="Waldbericht 2025 der Gemeinde Tannenried",
    page=A4,
    style=Style("DemoSerif-Bold", "#14452f", "#fbfaf6", "#1b4332"),
    sheets=(
        Sheet(
            ("forest",),
            "band",
            "612 Hektar in zwei Revieren",
            Figure(
                "green",
                "map",
                35,
                "Abbildung 1. Die beiden Reviere: Oberholz im Nordwesten, Auwinkel im Südosten.",
                ("Auwinkel", "Oberholz"),
            ),
            (
                "# Das Jahr in Kürze",
                "Tannenried besitzt 612 Hektar, die in zwei Revieren bewirtschaftet werden. Im "
                "Oberholz stehen vor allem Buchen und Tannen, im Auwinkel Eschen, Erlen und alte "
                "Eichen. Das Jahr begann trocken und endete nass; für die jungen Bäume war das "
                "besser als umgekehrt.",
                "# Mehr Mischung",
                "Auf 38 Hektar wurden Fichten entnommen und durch Eichen, Linden und Elsbeeren "
                "ersetzt. Die Pflanzen kommen aus der eigenen Baumschule. Von 21.000 gesetzten "
                "Bäumchen haben neun von zehn den ersten Sommer überstanden.",
                "# Wer hier arbeitet",
                "Zwei Försterinnen, fünf Waldarbeiter und ein Lehrling. Für schwere Stämme wird im "
                "Auwinkel ein Kaltblut eingesetzt, weil Maschinen den weichen Boden zerdrücken. Im "
                "Herbst halfen 140 Freiwillige beim Pflanzen.",
            ),
        ),
        Sheet(
            ("insect",),
            "open",
            "Was in den Fallen der fünf Lichtungen saß",
            Figure(
                "yellow",
                "bar",
                35,
                "Abbildung 2. Gefundene Arten je Lichtung, Mai bis September 2025.",
                ("Hirschgrund", "Kohlplatte", "Weiher", "Steinbruch", "Sonnenhang"),
                ("0", "75", "150", "225", "300"),
                "Arten",
            ),
            (
                "# Gezählt von Hand",
                "Von Mai bis September standen auf fünf Lichtungen kleine Zelte aus Gaze, die jede "
                "Woche geleert wurden. Bestimmt hat die Funde eine Gruppe der Volkshochschule "
                "unter Anleitung des Naturkundemuseums.",
                "# Hirschgrund vor Sonnenhang",
                "Am Hirschgrund wurden 291 Arten gezählt, am Sonnenhang 282. Die Kohlplatte liegt "
                "mit 195 zurück: Dort wächst seit Jahren dichter Adlerfarn, unter dem kaum etwas "
                "blüht. Er wird nun zweimal im Sommer gemäht.",
                "# Ein seltener Fund",
                "Im Steinbruch saß im Juli eine Mauerbiene, die in der Gegend seit 1968 nicht mehr "
                "gesehen worden war. Der Hang bleibt deshalb bis auf Weiteres ohne Aufforstung.",
            ),
        ),
        Sheet(
            ("rain",),
            "open",
            "Ein trockener Anfang, ein nasser Schluss",
            Figure(
                "blue",
                "area",
                26,
                "Abbildung 3. Niederschlag je Monat an der Messstelle Oberholz, 2025.",
                ("Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov"),
                ("0", "40", "80", "120", "160"),
                "Millimeter",
            ),
            (
                "# Zwei Gipfel",
                "Im Februar fielen nur 51 Millimeter, im Juni waren es 122, der höchste Wert seit "
                "Beginn der Messung im Jahr 1994. Danach wurde es wieder trockener, bis der "
                "November mit 104 Millimetern die Bäche füllte.",
                "# Was der Boden sagt",
                "In einem Meter Tiefe war es erst im Juli feucht. Buchen, die flach wurzeln, "
                "hatten da schon Laub verloren. Eichen reichen tiefer und blieben grün. Auf den "
                "neuen Flächen werden deshalb keine Buchen mehr gesetzt.",
                "# Wasser halten",
                "Elf alte Gräben wurden mit Stämmen verschlossen. Das Wasser steht dort nun bis in "
                "den Mai, und im Frühjahr laichten zum ersten Mal wieder Molche.",
            ),
        ),
        Sheet(
            ("storm", "timber"),
            "open",
            "Was die Nacht zum 9. Januar umwarf, und wohin es ging",
            Figure(
                "brown",
                "pie",
                7,
                "Abbildung 4. Verwendung der 4.300 Festmeter aus dem Windwurf.",
                ("Brennholz", "Sägewerk", "bleibt liegen"),
            ),
            (
                "# Eine Nacht, ein halbes Jahr Arbeit",
                "In der Nacht zum 9. Januar warfen Böen von 118 Kilometern in der Stunde 4.300 "
                "Festmeter um, fast so viel, wie sonst in einem Jahr geschlagen wird. Verletzt "
                "wurde niemand. Bis Ende Juni waren alle Wege wieder frei.",
                "# Nicht alles wird geräumt",
                "44 Prozent gingen an Sägewerke in der Umgebung, 21 Prozent als Brennholz an "
                "Haushalte. Mehr als ein Drittel blieb liegen: Auf dem Totholz wachsen Pilze, und "
                "junge Bäume sind zwischen den Stämmen vor Rehen geschützt.",
                "# Käfer im Blick",
                "Liegende Fichten locken Borkenkäfer an. Sie wurden vor allen anderen abgefahren, "
                "die letzten am 14. April, zwei Wochen vor dem ersten warmen Tag.",
                "# Was wir gelernt haben",
                "Gefallen ist fast nur, was allein stand: Fichten am Rand alter Kahlschläge. Wo "
                "Buchen und Tannen gemischt wachsen, fehlten am Morgen nur einzelne Kronen. Die "
                "Ränder werden deshalb mit Haseln und Weißdorn gestuft, damit der Wind nach oben "
                "abgelenkt wird.",
                "# Einnahmen",
                "Der Verkauf brachte 214.000 Euro, ein Drittel weniger je Festmeter als im Jahr "
                "davor, weil überall gleichzeitig geräumt wurde.",
            ),
        ),
        Sheet(
            ("hiking",),
            "below",
            "Fünf Rundwege, alle ab dem Gasthaus Post",
            Figure(
                "red",
                "table",
                16,
                "Tabelle 1. Längen und Zeiten, gemessen mit einem Laufrad.",
                (
                    "Rundweg",
                    "Länge",
                    "Anstieg",
                    "Zeit",
                    "Weiher",
                    "4,2 km",
                    "60 m",
                    "1:15",
                    "Steinbruch",
                    "6,8 km",
                    "180 m",
                    "2:10",
                    "Hohe Tanne",
                    "9,5 km",
                    "310 m",
                    "3:00",
                    "Grenzweg",
                    "12,1 km",
                    "350 m",
                    "3:50",
                    "Zwei Täler",
                    "17,4 km",
                    "540 m",
                    "5:30",
                ),
            ),
            (
                "# Neue Schilder",
                "Alle Rundwege beginnen und enden am Gasthaus Post, wo auch der Bus hält. Die "
                "gelben Schilder aus Lärche ersetzen Blech von 1979. An jeder Kreuzung steht, wie "
                "weit es noch ist, und nicht nur, wohin.",
                "# Für kurze Beine",
                "Der Weg um den Weiher ist eben und für Kinderwagen geeignet. Auf halber Strecke "
                "steht eine Hütte mit Feuerstelle; Brennholz liegt bereit. Hunde bleiben von März "
                "bis Juli an der Leine, weil Rehkitze im Gras liegen.",
                "# Mit Gepäck und ohne",
                "Auf dem Weg durch zwei Täler gibt es nach elf Kilometern einen Schlafplatz mit "
                "zwölf Betten, Quelle und Trockenraum. Der Schlüssel hängt im Gasthaus, eine Nacht "
                "kostet acht Euro. Wer nur einen Tag Zeit hat, kürzt über den Steinbruch ab und "
                "spart fünf Kilometer.",
                "# Gesperrt",
                "Der Grenzweg ist vom 1. Februar bis zum 15. April nicht begehbar: In den Felsen "
                "brütet ein Paar Wanderfalken. Die Umleitung über die Hohe Tanne ist beschildert "
                "und dauert zwanzig Minuten länger.",
            ),
        ),
    ),
)
