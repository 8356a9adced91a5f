"""German slides: the concert season of a castle."""

from es_jina.demo.sample_source.sheets.model import SLIDE, Deck, Figure, Sheet, Style

CONCERT_SEASON = Deck(
    path="culture/Konzertsaison-Folien.pdf",
    language="de",
    title="Burgfestspiele Altenfels: Rückblick auf die Saison 2025",
    page=SLIDE,
    style=Style("DemoSans-Bold", "#5b2333", "#fff8ee", "#3b1f2b"),
    sheets=(
        Sheet(
            ("concert",),
            "band",
            "So viele Karten wie noch nie",
            Figure(
                "red",
                "area",
                32,
                "Verkaufte Karten je Saison. 2020 und 2021 nur halbe Reihen.",
                ("2019", "2020", "2021", "2022", "2023", "2024", "2025"),
                ("0", "5.000", "10.000", "15.000", "20.000"),
                "Karten",
            ),
            (
                "# 19.400 Karten",
                "Nach zwei schwachen Jahren wuchs die Nachfrage wieder. 2024 wurde zum ersten Mal "
                "der Wert von 2019 übertroffen, 2025 kamen noch einmal 2.200 Karten hinzu.",
                "# Was zog",
                "• Die langen Nächte im Juli, alle fünf ausverkauft.",
                "• Karten zu 12 Euro für alle unter 26.",
                "• Der Bus, der nach dem letzten Ton wartet.",
            ),
        ),
        Sheet(
            ("song", "violin"),
            "open",
            "Die Akademie übt vor allem im Spätsommer",
            Figure(
                "purple",
                "line",
                16,
                "Stunden in der Woche, Mittel der 24 Mitglieder der Akademie.",
                (
                    "Jan",
                    "Feb",
                    "Mär",
                    "Apr",
                    "Mai",
                    "Jun",
                    "Jul",
                    "Aug",
                    "Sep",
                    "Okt",
                    "Nov",
                    "Dez",
                ),
                ("0", "10", "20", "30", "40"),
                "Stunden",
            ),
            (
                "# 27 Stunden im September",
                "Vor dem Abschlussabend wird am meisten geübt, im Mai mit vier Stunden am "
                "wenigsten: Dann schreiben die meisten ihre Klausuren.",
                "# Neu: Volksweisen",
                "Zwölf alte Weisen aus dem Tal wurden für Streicher gesetzt. Die Noten liegen in "
                "der Stadtbücherei und dürfen frei kopiert werden.",
            ),
        ),
        Sheet(
            ("castle",),
            "beside",
            "Wo gespielt und wo gefeiert wird",
            Figure(
                "brown",
                "map",
                23,
                "Lageplan. Der Zugang führt durch die Vorburg.",
                ("Vorburg", "Hauptburg"),
            ),
            (
                "# Zwei Höfe",
                "In der Vorburg stehen Kasse, Küche und Garderobe. Gespielt wird im Hof der "
                "Hauptburg, der 640 Plätze fasst.",
                "# Bei Gewitter",
                "Der Rittersaal hat 310 Plätze. Wer keinen findet, bekommt eine Karte für einen "
                "anderen Abend.",
                "# Ohne Stufen",
                "Vom Parkplatz führt eine Rampe in beide Höfe.",
            ),
        ),
        Sheet(
            ("guest",),
            "open",
            "Je weiter der Weg, desto seltener der Besuch",
            Figure(
                "orange",
                "scatter",
                1,
                "38 Befragte: Länge der Anreise und Besuche in dieser Saison.",
                ("0", "25", "50", "75", "100"),
                ("0", "3", "6", "9", "12"),
                "Besuche",
                "Kilometer",
            ),
            (
                "# Die Treuen wohnen nah",
                "Wer keine zwanzig Kilometer fährt, kommt acht- bis zehnmal. Ab achtzig Kilometern "
                "bleibt es meist bei ein oder zwei Abenden.",
                "# Übernachten lohnt",
                "Mit dem Gasthof Krone gibt es seit Juni ein Angebot aus Zimmer, Frühstück und "
                "zwei Karten. 212 Mal wurde es gebucht.",
            ),
        ),
    ),
)
