"""The French report: the coffee harvest and coffee prices of an invented country."""

from es_jina.demo.sample_source.blocks import Chart, Figures, Grid, Heading, Pie, Report, Text

MONTHS = (
    "janv.",
    "févr.",
    "mars",
    "avr.",
    "mai",
    "juin",
    "juil.",
    "août",
    "sept.",
    "oct.",
    "nov.",
    "déc.",
)

COFFEE = Report(
    path="food/recolte-cafe-2025.pdf",
    language="fr-FR",
    title="La récolte de café 2025",
    subtitle="Production, prix et débouchés du café de Montavel",
    page_word="Page",
    colours=("#5b3a29", "#c98a3b", "#7d9b5a", "#a8483b", "#9c8b7a"),
    pages=(
        (
            Heading("Une année sèche, une récolte plus petite"),
            Text(
                "Les planteurs de Montavel ont récolté 47 000 tonnes de café vert en 2025, contre "
                "51 000 tonnes l’année précédente. La baisse de 7,8 % s’explique par la "
                "sécheresse : dans la Vallée du Sorel, il n’a presque pas plu entre février et "
                "avril, au moment où les caféiers fleurissent. Seul le Plateau de Kira, mieux "
                "irrigué, progresse."
            ),
            Figures(
                (
                    ("47 000 t", "de café vert récoltées"),
                    ("−7,8 %", "par rapport à 2024"),
                    ("6,60 €", "prix moyen du kilo d’arabica"),
                    ("31 200", "familles de planteurs"),
                )
            ),
            Chart(
                caption="Figure 1. Récolte par région, 2024 et 2025",
                x_label="Région",
                y_label="Milliers de tonnes",
                labels=("Hautes Terres", "Vallée du Sorel", "Plateau de Kira", "Côte Est"),
                series={"2024": (20.1, 13.9, 9.3, 7.7), "2025": (18.4, 12.6, 9.8, 6.2)},
                ticks=(0, 5, 10, 15, 20, 25),
            ),
            Text(
                "Les grains sont plus petits que d’habitude, mais leur goût est plus concentré. "
                "Les dégustateurs de la coopérative ont donné en moyenne 85 points sur 100 aux "
                "lots d’altitude, soit deux points de plus qu’en 2024. Sur la Côte Est, où l’on "
                "cultive surtout du robusta, la rouille des feuilles a touché une parcelle sur "
                "neuf."
            ),
        ),
        (
            Heading("Les prix : un sommet en avril"),
            Text(
                "Le kilo d’arabica a commencé l’année à 6,10 euros et a atteint 7,20 euros en "
                "avril, quand la sécheresse a été connue des acheteurs. Il est redescendu pendant "
                "l’été, puis il est remonté dès septembre. Le robusta suit la même courbe, "
                "environ deux euros plus bas."
            ),
            Chart(
                caption="Figure 2. Prix du café vert au port, 2025",
                x_label="Mois",
                y_label="Euros par kilo",
                labels=MONTHS,
                series={
                    "Arabica": (6.1, 6.6, 6.9, 7.2, 7.0, 6.8, 6.3, 6.0, 6.2, 6.5, 6.7, 6.9),
                    "Robusta": (4.4, 4.6, 4.9, 5.0, 4.8, 4.5, 4.2, 3.9, 4.0, 4.1, 4.2, 4.3),
                },
                ticks=(0, 2, 4, 6, 8),
                lines=True,
            ),
            Heading("Ce que gagne le planteur"),
            Text(
                "Un planteur d’arabica reçoit en moyenne 4,95 euros par kilo. Une fois payés les "
                "cueilleurs, l’engrais, le lavage et le transport, il lui reste 1,89 euro. La "
                "cueillette à la main est de loin le poste le plus lourd : les cerises mûrissent "
                "les unes après les autres, et il faut passer trois ou quatre fois sur le même "
                "arbre."
            ),
            Grid(
                caption="Tableau 1. Coût de production d’un kilo d’arabica",
                rows=(
                    ("Poste", "Euros par kilo", "Part du coût", "Évolution sur un an"),
                    ("Cueillette à la main", "1,35", "44 %", "+6 %"),
                    ("Engrais et taille", "0,72", "24 %", "−3 %"),
                    ("Lavage et séchage", "0,48", "16 %", "+1 %"),
                    ("Transport jusqu’au port", "0,39", "13 %", "+9 %"),
                    ("Certification", "0,12", "4 %", "0 %"),
                    ("<b>Total</b>", "<b>3,06</b>", "", "<b>+4 %</b>"),
                ),
                widths=(3.4, 2, 2, 2.6),
            ),
        ),
        (
            Heading("Où part le café"),
            Text(
                "L’Europe achète toujours plus de la moitié de la récolte, mais sa part recule. "
                "Les torréfacteurs d’Asie demandent des petits lots lavés, faciles à suivre d’une "
                "parcelle à la tasse, et paient volontiers un supplément de 40 centimes par kilo."
            ),
            Pie(
                caption="Figure 3. Destination de la récolte 2025",
                parts={
                    "Europe": 52,
                    "Asie": 23,
                    "Amérique du Nord": 17,
                    "marché local": 8,
                },
            ),
            Heading("Le goût des régions"),
            Grid(
                caption="Tableau 2. Notes des dégustateurs",
                rows=(
                    ("Région", "Altitude", "Arômes", "Note sur 100"),
                    ("Hautes Terres", "1 850 m", "jasmin, citron, miel", "87"),
                    ("Vallée du Sorel", "1 300 m", "noisette, chocolat au lait", "83"),
                    ("Plateau de Kira", "1 520 m", "prune, sucre brun", "85"),
                    ("Côte Est", "420 m", "cacao amer, épices", "78"),
                ),
                widths=(2.6, 1.8, 4, 1.9),
            ),
            Heading("L’eau, le défi des années à venir"),
            Text(
                "Laver un kilo de café demande aujourd’hui quinze litres d’eau. Trois stations "
                "pilotes n’en utilisent plus que quatre, parce qu’elles enlèvent la pulpe à sec "
                "et filtrent l’eau avant de la réemployer. La coopérative veut équiper toutes ses "
                "stations avant 2029."
            ),
            Text(
                "L’autre réponse est l’ombre. Les caféiers plantés sous des arbres fruitiers ont "
                "perdu 3 % de leur récolte pendant la sécheresse, les champs en plein soleil 14 "
                "%. Les bananes et les avocats vendus au marché rapportent en plus près de 200 "
                "euros par hectare."
            ),
        ),
    ),
)
