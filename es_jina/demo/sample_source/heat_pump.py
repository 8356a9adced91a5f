"""The German handbook: looking after a heat pump."""

from es_jina.demo.sample_source.blocks import (
    Chart,
    Cycle,
    Figures,
    Grid,
    Heading,
    Points,
    Report,
    Text,
)

HEAT_PUMP = Report(
    path="energy/waermepumpe-wartung.pdf",
    language="de-DE",
    title="Wartungshandbuch Wärmepumpe",
    subtitle="Luft-Wasser-Wärmepumpe LW 9, 9 Kilowatt, für Einfamilienhäuser",
    page_word="Seite",
    colours=("#b23a48", "#e08e45", "#3a7ca5", "#2f6690", "#81a4cd"),
    pages=(
        (
            Heading("Wie die Anlage arbeitet"),
            Text(
                "Die Wärmepumpe holt Wärme aus der Außenluft und hebt sie auf die Temperatur, die "
                "Heizung und Warmwasser brauchen. Aus einer Kilowattstunde Strom werden dabei im "
                "Jahresmittel knapp vier Kilowattstunden Wärme. Ein Kältemittel läuft im Kreis: "
                "Es verdampft außen, wird verdichtet und dadurch heiß, gibt seine Wärme an das "
                "Heizwasser ab und entspannt sich wieder."
            ),
            Cycle(
                caption="Bild 1. Der Kältekreis im Überblick",
                stations=("Verdichter", "Verflüssiger", "Expansionsventil", "Verdampfer"),
                between=(
                    "heißes Gas, 72 °C",
                    "warme Flüssigkeit, 38 °C",
                    "kalte Flüssigkeit, −6 °C",
                    "kaltes Gas, −2 °C",
                ),
            ),
            Heading("Sicherheit zuerst"),
            Points(
                (
                    "Vor jeder Arbeit am Außengerät den Hauptschalter ausschalten und fünf Minuten "
                    "warten, bis der Ventilator steht.",
                    "Der Kältekreis steht unter Druck und darf nur von Fachleuten mit "
                    "Sachkundenachweis geöffnet werden.",
                    "Im Umkreis von einem Meter um das Außengerät nichts Brennbares lagern: Das "
                    "Kältemittel Propan ist brennbar.",
                )
            ),
            Figures(
                (
                    ("9 kW", "Heizleistung bei −7 °C"),
                    ("55 °C", "höchster Vorlauf"),
                    ("3,9", "Jahresarbeitszahl"),
                    ("1,3 bar", "Anlagendruck, kalt"),
                )
            ),
        ),
        (
            Heading("Wartungsplan"),
            Text(
                "Vieles können Sie selbst erledigen. Mit Schraubenzieher, weicher Bürste und "
                "Gartenschlauch dauert die Frühjahrspflege keine Stunde. Arbeiten mit dem Vermerk "
                "<i>Fachbetrieb</i> gehören in die jährliche Inspektion."
            ),
            Grid(
                caption="Tabelle 1. Was wann zu tun ist",
                rows=(
                    ("Arbeit", "Wie oft", "Wer", "Dauer"),
                    ("Laub und Schnee vom Außengerät entfernen", "nach Bedarf", "Sie", "5 min"),
                    (
                        "Anlagendruck ablesen, bei unter 1,0 bar Wasser nachfüllen",
                        "monatlich",
                        "Sie",
                        "10 min",
                    ),
                    ("Schmutzfilter im Heizungsrücklauf spülen", "alle 6 Monate", "Sie", "20 min"),
                    (
                        "Lamellen des Verdampfers mit Wasser abspülen",
                        "im Frühjahr",
                        "Sie",
                        "30 min",
                    ),
                    ("Kondensatablauf prüfen und reinigen", "im Herbst", "Sie", "15 min"),
                    ("Sicherheitsventil anlüften", "jährlich", "Fachbetrieb", "10 min"),
                    ("Kältekreis auf Dichtheit prüfen", "jährlich", "Fachbetrieb", "40 min"),
                    (
                        "Opferanode im Warmwasserspeicher messen",
                        "alle 2 Jahre",
                        "Fachbetrieb",
                        "25 min",
                    ),
                ),
                widths=(5.6, 2.1, 1.9, 1.2),
            ),
            Heading("So spülen Sie den Schmutzfilter"),
            Points(
                (
                    "Anlage am Regler auf <b>Aus</b> stellen und die beiden Kugelhähne neben dem "
                    "Filter schließen.",
                    "Einen Eimer unterstellen, die Filterkappe abschrauben und das Sieb "
                    "herausziehen.",
                    "Das Sieb unter fließendem Wasser bürsten. Schwarzer Schlamm ist normal, "
                    "Metallspäne sind es nicht: Dann bitte den Fachbetrieb rufen.",
                    "Sieb einsetzen, Kappe von Hand festziehen, Hähne öffnen, entlüften und den "
                    "Druck prüfen.",
                )
            ),
            Text(
                "Verwenden Sie zum Abspülen der Lamellen nie einen Hochdruckreiniger. Die dünnen "
                "Aluminiumbleche verbiegen sich, und die Luft strömt nicht mehr hindurch."
            ),
        ),
        (
            Heading("Störungen erkennen und beheben"),
            Text(
                "Der Regler zeigt eine Störung mit einem roten Dreieck und einem Code. Notieren "
                "Sie den Code, bevor Sie die Anlage neu starten, denn er wird dabei gelöscht. "
                "Tritt dieselbe Störung dreimal am Tag auf, schaltet die Wärmepumpe ab, und der "
                "elektrische Heizstab hält das Haus bei 16 °C."
            ),
            Grid(
                caption="Tabelle 2. Fehlercodes",
                rows=(
                    ("Code", "Bedeutung", "Häufigste Ursache", "Was hilft"),
                    (
                        "E04",
                        "Hochdruck zu hoch",
                        "Schmutzfilter verstopft, zu wenig Durchfluss",
                        "Filter spülen, Heizkörperventile öffnen",
                    ),
                    (
                        "E07",
                        "Niederdruck zu tief",
                        "Verdampfer vereist oder Laub am Gitter",
                        "Abtauung von Hand starten, Gitter frei räumen",
                    ),
                    (
                        "E11",
                        "Ventilator blockiert",
                        "Ast, Eis oder Vogelnest",
                        "ausschalten, Hindernis entfernen",
                    ),
                    (
                        "E15",
                        "Fühler Vorlauf defekt",
                        "Stecker lose oder Kabel angefressen",
                        "Stecker prüfen, sonst Fachbetrieb",
                    ),
                    (
                        "E21",
                        "Anlagendruck zu niedrig",
                        "Wasserverlust, Ausdehnungsgefäß leer",
                        "Wasser bis 1,3 bar nachfüllen",
                    ),
                    (
                        "E30",
                        "Verdichter startet nicht",
                        "Spannung zu niedrig, Anlaufstrom zu hoch",
                        "Sicherung prüfen, Fachbetrieb rufen",
                    ),
                ),
                widths=(1, 2.5, 3.6, 3.6),
            ),
            Heading("Das Außengerät ist vereist"),
            Text(
                "Eine dünne Reifschicht ist bei Temperaturen um null Grad normal. Die Anlage taut "
                "sie alle ein bis zwei Stunden von selbst ab; dabei steigt Dampf auf, der wie "
                "Rauch aussieht. Bleibt nach dem Abtauen dickes Eis zurück, ist meist der Ablauf "
                "für das Kondensat zugefroren. Gießen Sie lauwarmes Wasser in die Wanne, niemals "
                "kochendes, und schlagen Sie das Eis nicht mit Werkzeug ab."
            ),
            Heading("Die Anlage ist zu laut"),
            Text(
                "Brummt das Gerät, ist oft eine Schraube am Gehäuse locker oder ein Gummifuß "
                "gerissen. Klopft es im Heizkörper, ist Luft in der Leitung. Den Nachtbetrieb, "
                "der den Ventilator drosselt, stellen Sie am Regler unter <b>Zeiten</b> ein."
            ),
        ),
        (
            Heading("Leistung im Blick behalten"),
            Text(
                "Die Leistungszahl (COP) sagt, wie viel Wärme aus einer Kilowattstunde Strom "
                "wird. Je wärmer die Luft und je kühler das Heizwasser, desto besser. Liegt Ihre "
                "Anlage mehr als 0,5 unter der Kurve, lohnt sich eine Wartung."
            ),
            Chart(
                caption="Bild 2. Leistungszahl bei verschiedenen Außentemperaturen",
                x_label="Außentemperatur in °C",
                y_label="Leistungszahl (COP)",
                labels=("−15", "−10", "−5", "0", "5", "10", "15"),
                series={
                    "Fußbodenheizung, Vorlauf 35 °C": (2.4, 2.8, 3.2, 3.7, 4.4, 5.1, 5.7),
                    "Heizkörper, Vorlauf 50 °C": (1.8, 2.1, 2.4, 2.7, 3.2, 3.7, 4.1),
                },
                ticks=(0, 1, 2, 3, 4, 5, 6),
                lines=True,
            ),
            Chart(
                caption="Bild 3. Stromverbrauch eines Musterhauses mit 140 m²",
                x_label="Monat",
                y_label="Kilowattstunden (kWh)",
                labels=(
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
                series={
                    "Heizung": (640, 560, 430, 240, 80, 0, 0, 0, 40, 210, 430, 590),
                    "Warmwasser": (75, 70, 70, 60, 55, 50, 45, 45, 50, 60, 65, 75),
                },
                ticks=(0, 100, 200, 300, 400, 500, 600, 700),
            ),
            Text(
                "Senken Sie den Vorlauf in kleinen Schritten von zwei Grad. Jedes Grad weniger "
                "spart etwa zweieinhalb Prozent Strom. Wird ein Zimmer nicht mehr warm, drehen "
                "Sie zuerst dort das Ventil auf und stellen erst dann den Vorlauf wieder höher."
            ),
        ),
    ),
)
