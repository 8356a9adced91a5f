"""An English report: a year of a school."""

from es_jina.demo.sample_source.sheets.model import A4, Deck, Figure, Sheet, Style

SCHOOL_YEAR = Deck(
    path="school/school-year-report.pdf",
    language="en",
    title="Canal Street Secondary, annual report",
    page=A4,
    style=Style("DejaVuSerif-Bold", "#3b1f2b", "#ffffff", "#51355a"),
    sheets=(
        Sheet(
            ("school", "lunch"),
            "open",
            "410 trays a day, and nobody goes home hungry",
            Figure(
                "green",
                "pie",
                35,
                "Figure 1. What was chosen at the counter, September to June (rounded).",
                ("hot dish with meat", "hot dish without meat", "soup", "salad bar"),
            ),
            (
                "# Three cooks and a garden",
                "Since the canteen was rebuilt, everything has been cooked on the spot. The cooks "
                "start at seven, peel with the help of one class a week, and serve from noon until "
                "a quarter to two. Herbs and lettuce come from the beds behind the gym.",
                "# Less on the plate, less in the bin",
                "Small plates were introduced in January; second helpings are free. What comes "
                "back uneaten fell from 61 to 23 kilos a day. The salad bar, which the parents' "
                "council had doubted, is chosen by almost a third.",
                "# Who pays",
                "A tray costs 3.40, or nothing for families with a town card. Cards look alike, so "
                "that nobody at the counter can see the difference.",
                "# Wishes for next year",
                "In the survey of June 388 answers came back. More spice was the first wish, more "
                "seats outside the second, and noodles on Mondays the third. The cooks will try "
                "all three. What nobody wants back is the fish from the freezer.",
                "# A visit from the county",
                "An inspector came unannounced in March, looked into every pot and pantry, and "
                "left after two hours with one remark: the thermometer of the cold room showed a "
                "degree too much. It has been replaced.",
            ),
        ),
        Sheet(
            ("exam", "sleep"),
            "open",
            "Those who went to bed early did better in the morning",
            Figure(
                "purple",
                "scatter",
                5,
                "Figure 2. Hours in bed before the test in June, and points reached; 55 pupils.",
                ("4", "5", "6", "7", "8", "9"),
                ("0", "25", "50", "75", "100"),
                "Points of 100",
                "Hours in bed",
            ),
            (
                "# A project of form ten",
                "Form ten asked 55 volunteers how long they had been in bed before the test in "
                "mathematics, and compared that with their points. With five hours or less nobody "
                "but one got more than half; with more than eight almost everybody did.",
                "# Careful with conclusions",
                "The authors say themselves that this proves little: whoever is well prepared may "
                "also rest better. Next year they will repeat it with two tests of the same "
                "person, which is the better experiment.",
                "# What has changed",
                "Tests now start at half past nine instead of eight. The bus company moved one "
                "line for that. Late arrivals have halved.",
            ),
        ),
        Sheet(
            ("language", "lesson"),
            "below",
            "Five to choose from, two are required",
            Figure(
                "blue",
                "bar",
                21,
                "Figure 3. Pupils of forms seven to twelve who take each of them.",
                ("Spanish", "French", "Mandarin", "Latin", "Polish"),
                ("0", "75", "150", "225", "300"),
                "Pupils",
            ),
            (
                "# Spanish and French side by side",
                "255 pupils take French and 249 Spanish, a gap that was much larger ten years ago. "
                "Mandarin was offered for the first time in 2019 with eleven pupils; now 183 write "
                "characters, about as many as read Caesar.",
                "# Partners abroad",
                "Every class has a partner in another country with whom it meets on a screen once "
                "a fortnight. In May forty of us travelled to Suzhou, and in June forty guests "
                "came back with us. Polish is taught together with the school across the canal.",
            ),
        ),
        Sheet(
            ("teacher",),
            "open",
            "Who teaches what, and since when",
            Figure(
                "pink",
                "table",
                30,
                "Table 1. Members of staff who came since 2018, newest first.",
                (
                    "Name",
                    "Subjects",
                    "Here since",
                    "A. Okafor",
                    "Physics, music",
                    "August 2025",
                    "M. Lindqvist",
                    "Art",
                    "August 2025",
                    "J. Brandt",
                    "Chemistry, sports",
                    "August 2025",
                    "S. Rahimi",
                    "Mathematics",
                    "February 2025",
                    "P. Delgado",
                    "Spanish, history",
                    "August 2024",
                    "W. Zhou",
                    "Mandarin",
                    "August 2019",
                    "E. Novak",
                    "Polish, biology",
                    "August 2018",
                ),
            ),
            (
                "# 48 people",
                "Forty-eight people work in our classrooms, six more than three years ago. Their "
                "mean age fell to 44. For the first time no hour of physics had to be cancelled "
                "because nobody could give it.",
                "# Time for each other",
                "On Wednesdays there is no class after one o'clock. Then subjects prepare their "
                "units together, and newcomers sit in on the hours of the others. In a survey all "
                "but two wished to keep that.",
                "# Thank you",
                "Mrs Holm retired after 34 years in the library. Her card index has been scanned; "
                "the drawers now hold seeds for the garden club.",
                "# Learning to teach",
                "Five trainees from the university spent the spring with us. Each was looked after "
                "by two members of staff, one from the same subject and one from another. Two of "
                "the five have asked whether they may stay, and we would like them to.",
                "# Part of the week elsewhere",
                "Seven of the forty-eight also work at the primary on the other bank, so that "
                "children know a face when they change in form five.",
            ),
        ),
        Sheet(
            ("computer", "software"),
            "open",
            "How a new program gets onto the machines",
            Figure(
                "blue",
                "flow",
                20,
                "Figure 4. Three steps, a week at most.",
                ("Ask with one form", "Check licence and privacy", "Install overnight"),
            ),
            (
                "# 180 machines, four images",
                "Until last year each room had been set up by whoever had time. Now there are four "
                "images: office, art, science and a small one for old hardware. A machine that "
                "misbehaves is written anew in twelve minutes.",
                "# Free first",
                "Where a free program does the work it is preferred, so that pupils can use the "
                "same at home. The licence for video editing was given up; nobody has asked for it "
                "since. What was saved bought thirty headphones.",
                "# Help",
                "The help desk is run by pupils of form eleven in both breaks, room 114. They "
                "solve eight of ten problems before the bell.",
            ),
        ),
    ),
)
