"""The Spanish report: a survey among those who cycle in an invented city."""

from es_jina.demo.sample_source.blocks import (
    Chart,
    Figures,
    Grid,
    Heading,
    Pie,
    Points,
    Report,
    Text,
)

CYCLING = Report(
    path="city/encuesta-ciclista-2025.pdf",
    language="es-ES",
    title="La ciudad en bicicleta",
    subtitle="Resultados de la encuesta ciclista 2025 de Puertoclaro",
    page_word="Página",
    colours=("#1b6e5a", "#e9a23b", "#4a90b8", "#d1603d", "#8aa29e"),
    pages=(
        (
            Heading("Quién pedalea y para qué"),
            Text(
                "En mayo de 2025 preguntamos a 2480 vecinos de Puertoclaro cómo se mueven por la "
                "ciudad. Casi uno de cada tres usa la bicicleta al menos una vez por semana, el "
                "doble que en 2019. El motivo principal es ir al trabajo; los paseos de fin de "
                "semana, que hace seis años eran lo más frecuente, pasan al segundo lugar."
            ),
            Figures(
                (
                    ("2480", "personas encuestadas"),
                    ("31 %", "va en bici cada semana"),
                    ("4,2 km", "trayecto medio"),
                    ("87 km", "de carril bici"),
                )
            ),
            Pie(
                caption="Gráfico 1. Motivo del trayecto más habitual",
                parts={
                    "ir al trabajo": 41,
                    "paseo y deporte": 24,
                    "estudios": 18,
                    "compras y recados": 12,
                    "llevar a los niños": 5,
                },
            ),
            Text(
                "La bicicleta eléctrica lo ha cambiado todo en los barrios altos. En El Mirador, "
                "donde las cuestas superan el ocho por ciento, dos de cada tres bicicletas nuevas "
                "llevan motor. Sus dueños recorren trayectos más largos, de 6,8 kilómetros de "
                "media, y dejan el coche en casa tres días por semana."
            ),
            Text(
                "Quienes no pedalean dan tres razones: miedo al tráfico, falta de un lugar seguro "
                "para guardar la bicicleta y el calor del verano. La página 3 muestra qué medidas "
                "propone el ayuntamiento para cada una."
            ),
        ),
        (
            Heading("Todas las edades, más bicicletas"),
            Text(
                "El uso crece en todos los grupos de edad. El mayor salto se da entre los 30 y "
                "los 44 años, que pasan del 18 al 42 por ciento. También llama la atención que "
                "los mayores de 60 años hayan triplicado su cifra, gracias sobre todo a los "
                "triciclos y a las bicicletas de cuadro bajo con ayuda eléctrica."
            ),
            Chart(
                caption="Gráfico 2. Personas que usan la bicicleta cada semana, por edad",
                x_label="Edad en años",
                y_label="Porcentaje de encuestados",
                labels=("14-17", "18-29", "30-44", "45-59", "60 o más"),
                series={"2019": (26, 24, 18, 11, 5), "2025": (33, 39, 42, 25, 15)},
                ticks=(0, 10, 20, 30, 40, 50),
            ),
            Heading("Barrio por barrio"),
            Grid(
                caption="Tabla 1. Uso, carriles y accidentes en cada barrio, 2025",
                rows=(
                    ("Barrio", "Uso semanal", "Carril bici", "Aparcabicis", "Accidentes"),
                    ("Centro Viejo", "38 %", "21 km", "640", "34"),
                    ("La Marina", "36 %", "24 km", "510", "19"),
                    ("Ensanche Norte", "33 %", "18 km", "420", "27"),
                    ("Universidad", "44 %", "13 km", "880", "12"),
                    ("El Mirador", "17 %", "6 km", "90", "15"),
                    ("Polígono Sur", "14 %", "5 km", "60", "22"),
                ),
                widths=(3, 2.2, 2, 2.2, 2),
            ),
            Text(
                "El Polígono Sur tiene pocos carriles y muchos accidentes para tan poco uso: "
                "veintidós en un año, casi todos en la rotonda de la avenida del Puerto. Allí se "
                "cruzan los camiones del muelle con quienes van a trabajar en bicicleta."
            ),
        ),
        (
            Heading("Lo que piden los ciclistas"),
            Chart(
                caption="Gráfico 3. Mejoras más pedidas",
                x_label="Mejora",
                y_label="Porcentaje que la pide",
                labels=("carril separado", "aparcamiento", "sombra", "firme liso", "semáforos"),
                series={"Ciclistas": (68, 52, 44, 37, 21), "No ciclistas": (74, 33, 29, 16, 18)},
                ticks=(0, 20, 40, 60, 80),
            ),
            Text(
                "Un carril separado del tráfico es lo primero para todos, y todavía más para "
                "quienes aún no se atreven. La sombra sorprende en tercer lugar: con 38 grados en "
                "julio, una hilera de árboles decide si se pedalea o no."
            ),
            Heading("Plan de obras 2026-2028"),
            Grid(
                caption="Tabla 2. Medidas previstas y su coste",
                rows=(
                    ("Medida", "Dónde", "Año", "Coste"),
                    (
                        "Rotonda con paso elevado para bicicletas",
                        "Polígono Sur",
                        "2026",
                        "1 900 000 €",
                    ),
                    (
                        "Garajes cerrados para 600 bicicletas",
                        "estaciones de tren",
                        "2026",
                        "540 000 €",
                    ),
                    ("1200 árboles junto a los carriles", "toda la ciudad", "2027", "410 000 €"),
                    ("Carril separado de 9 km hasta la playa", "La Marina", "2027", "2 300 000 €"),
                    ("Ascensor para bicicletas", "El Mirador", "2028", "780 000 €"),
                ),
                widths=(4.6, 2.4, 1, 2),
            ),
            Heading("Consejos para empezar"),
            Points(
                (
                    "Pruebe su trayecto un domingo por la mañana, sin prisa y sin tráfico.",
                    "Un candado bueno cuesta la décima parte de la bicicleta: no ahorre ahí.",
                    "Luces encendidas también de día en los túneles del puerto.",
                )
            ),
        ),
    ),
)
