//! The texts of the course: six stages of six tasks each. `{topic}`, `{Learn}`, `{Try}` and `{depth}` are filled in by
//! `wording`; a shorter course takes fewer stages and, of each, the first tasks. Every title names the topic, so that a
//! task of one course is never taken for one of another.

/// What a task asks of the learner, which decides how to go about it and where its material is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Study,
    Do,
    Reflect,
}

/// A stage of a course.
pub(super) struct Stage {
    pub(super) title: &'static str,
    /// For beginner, intermediate and advanced.
    pub(super) aims: [&'static str; 3],
    pub(super) tasks: [Template; 6],
}

/// A task: what it asks, its title, its text, the words to search by, and how long it takes in percent of an average
/// task. None is above 100, so that a course that fits by its number of tasks also fits by
/// its minutes.
pub(super) struct Template(
    pub(super) Kind,
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) u32,
);

use Kind::{Do, Reflect, Study};

/// The stages of a course with this many modules (1 to 6), in order.
pub(super) fn for_modules(modules: usize) -> Vec<&'static Stage> {
    match modules {
        0 | 1 => vec![&FOUNDATIONS],
        2 => vec![&FOUNDATIONS, &PROJECT],
        3 => vec![&FOUNDATIONS, &CORE, &PROJECT],
        4 => vec![&FOUNDATIONS, &CORE, &GUIDED, &PROJECT],
        5 => vec![&FOUNDATIONS, &CORE, &GUIDED, &PROJECT, &REVIEW],
        _ => vec![&FOUNDATIONS, &CORE, &GUIDED, &FURTHER, &PROJECT, &REVIEW],
    }
}

const FOUNDATIONS: Stage = Stage {
    title: "Foundations of {topic}",
    aims: [
        "Build a first clear picture of {topic}: what it is for, which words it uses and what you need to begin.",
        "Put what you already know about {topic} in order and close the gaps that slow you down.",
        "Test your grasp of the principles behind {topic} and settle the points you have taken for granted.",
    ],
    tasks: [
        Template(
            Study,
            "{Learn} the big picture of {topic}",
            "Find out which problems {topic} answers, what its main parts are and how they hang together. Draw them as a map on one page. Done when you can explain the map {depth}.",
            "introduction overview",
            90,
        ),
        Template(
            Study,
            "{Learn} the key terms of {topic}",
            "Collect the fifteen terms that come up most often in {topic} and define each {depth}, with one example. Done when you can define them all without looking.",
            "basic terms explained",
            80,
        ),
        Template(
            Do,
            "Set up what you need for {topic}",
            "Gather the tools, materials or accounts that {topic} needs, put them in one place and complete the smallest possible first exercise with them. Done when that exercise works from start to finish.",
            "getting started step by step",
            100,
        ),
        Template(
            Do,
            "{Try} a first small exercise in {topic}",
            "Choose an exercise that fits into one sitting and finish it, however roughly. Note what you had to look up. Done when you can repeat it without help.",
            "simple exercise for practice",
            100,
        ),
        Template(
            Reflect,
            "Set your goal for {topic}",
            "Write down in three sentences what you want to be able to do with {topic}, how you will notice, and by when. Done when somebody else understands it.",
            "learning goals roadmap",
            60,
        ),
        Template(
            Reflect,
            "Check the foundations of {topic}",
            "Answer ten basic questions about {topic} from memory and correct yourself with your notes. Done when at least eight answers hold.",
            "quiz basic questions",
            70,
        ),
    ],
};

const CORE: Stage = Stage {
    title: "Core skills in {topic}",
    aims: [
        "Learn the few skills in {topic} that everything else rests on, one at a time.",
        "Make the central skills of {topic} reliable, so that they no longer take all of your attention.",
        "Bring the central techniques of {topic} to the level at which you can choose between them for good reasons.",
    ],
    tasks: [
        Template(
            Study,
            "{Learn} the first core skill of {topic}",
            "Name the skill that practitioners of {topic} use every day and study how it is done well. Write down its steps {depth}. Done when you can tell a good example from a poor one.",
            "essential skills tutorial",
            90,
        ),
        Template(
            Do,
            "{Try} the first core skill of {topic}",
            "Use that skill on three small cases of your own in {topic}, each a little harder than the one before. Done when the third works without looking anything up.",
            "practice exercises with solutions",
            100,
        ),
        Template(
            Study,
            "{Learn} the second core skill of {topic}",
            "Choose the skill that best complements the first and study how the two work together in {topic}. Done when you can say {depth} when to use which.",
            "techniques explained with examples",
            90,
        ),
        Template(
            Do,
            "Combine both skills in {topic}",
            "Find or invent a case in {topic} that needs both skills and work it out from beginning to end. Done when the result stands up to a check against an example.",
            "worked examples",
            100,
        ),
        Template(
            Study,
            "Study the common mistakes in {topic}",
            "Collect five mistakes that people make in {topic}, with the reason for each and a way to avoid it. Done when you have found one of them in your own work.",
            "common mistakes to avoid",
            80,
        ),
        Template(
            Reflect,
            "Recall the core skills of {topic}",
            "Without notes, write down the steps of each core skill and where you are still unsure. Done when every unsure point has an answer.",
            "cheat sheet summary",
            60,
        ),
    ],
};

const GUIDED: Stage = Stage {
    title: "Guided practice in {topic}",
    aims: [
        "Practise {topic} with a guide at your side until the first steps feel natural.",
        "Practise {topic} on realistic cases, with less and less help.",
        "Practise {topic} under conditions that show where your routine stops.",
    ],
    tasks: [
        Template(
            Do,
            "Follow a complete example in {topic}",
            "Choose a complete, well-explained example in {topic} and redo it step by step. Say before each step why it comes next. Done when your result matches the example.",
            "full walkthrough example",
            100,
        ),
        Template(
            Do,
            "Repeat the example in {topic} with a change",
            "Do the same example in {topic} again, but change its aim, its size or its material. Done when you know which steps had to change, and why.",
            "variations practice",
            100,
        ),
        Template(
            Study,
            "Study how experts approach {topic}",
            "Take one piece of expert work in {topic} apart: what was decided first, what was left out, what was checked at the end? Done when you can describe the approach {depth}.",
            "expert approach best practices",
            80,
        ),
        Template(
            Do,
            "Solve three exercises in {topic} on your own",
            "Choose three exercises in {topic} from different corners and give each a fixed time. Done when all three are tried and checked, solved or not.",
            "exercises intermediate",
            100,
        ),
        Template(
            Reflect,
            "Get feedback on your {topic}",
            "Show one piece of your work to somebody who knows {topic}, or compare it with two published examples. Done when you have written down what to keep and what to change.",
            "how to evaluate quality checklist",
            70,
        ),
        Template(
            Do,
            "Drill your weakest point in {topic}",
            "Take the step in {topic} that cost you most time so far and practise only that. Done when it takes half as long as at first.",
            "drills focused practice",
            90,
        ),
    ],
};

const FURTHER: Stage = Stage {
    title: "Going further in {topic}",
    aims: [
        "Look beyond the first steps: meet two areas of {topic} that build on what you can do now.",
        "Extend {topic} into the areas that matter for your own goal.",
        "Enter the specialised areas of {topic} in which opinions differ and judgement counts.",
    ],
    tasks: [
        Template(
            Study,
            "Explore an advanced area of {topic}",
            "Choose one area of {topic} that you have only heard of and find out what it adds, what it costs and when it pays. Done when you can explain that {depth}.",
            "advanced concepts explained",
            90,
        ),
        Template(
            Do,
            "{Try} an advanced technique of {topic}",
            "Use one technique from that area of {topic} on work you have done before and compare before and after. Done when you can name one gain and one price.",
            "advanced techniques tutorial",
            100,
        ),
        Template(
            Study,
            "Compare two approaches to {topic}",
            "Find two respected approaches to the same question in {topic} and set them side by side: aims, steps, strengths, limits. Done when you know which one you would choose, and when.",
            "comparison of approaches pros and cons",
            80,
        ),
        Template(
            Do,
            "Connect {topic} with something you know",
            "Use {topic} on a case from your work, your studies or a hobby. Done when the case is solved, or when you know exactly what is missing.",
            "real world applications",
            100,
        ),
        Template(
            Reflect,
            "Follow a debate about {topic}",
            "Find an open question in {topic}, read or watch both sides and write down your own view with reasons. Done when you can also state the other side fairly.",
            "discussion debate",
            70,
        ),
        Template(
            Do,
            "Work against the clock in {topic}",
            "Repeat an earlier exercise in {topic} in two thirds of the time, without giving up quality. Done when you know which step to prepare next time.",
            "timed challenge",
            80,
        ),
    ],
};

const PROJECT: Stage = Stage {
    title: "A project of your own in {topic}",
    aims: [
        "Put everything together in a small piece of your own that you can show.",
        "Carry a realistic project in {topic} from the idea to a finished result.",
        "Carry out a demanding project in {topic} and hold it to the standards of the field.",
    ],
    tasks: [
        Template(
            Reflect,
            "Choose and outline your {topic} project",
            "Pick a project in {topic} that you care about, small enough for the time you have. Write down its aim, its parts and how you will know that it is finished. Done when the outline fits on one page.",
            "project ideas",
            70,
        ),
        Template(
            Do,
            "Build the core of your project in {topic}",
            "Make the smallest version of the project that deserves the name; leave out all decoration. Done when it works, reads or sounds as a whole, even if it is plain.",
            "project tutorial from scratch",
            100,
        ),
        Template(
            Do,
            "Finish and refine your project in {topic}",
            "Add what the outline still lacks, then improve the weakest part. Done when every point of the outline is either met or crossed out on purpose.",
            "how to improve and refine",
            100,
        ),
        Template(
            Study,
            "Learn what your project in {topic} still needs",
            "List the two things about {topic} that hold the project up and study exactly those. Done when you can go on building.",
            "troubleshooting guide",
            80,
        ),
        Template(
            Do,
            "Have others test your project in {topic}",
            "Let somebody use, read, hear or judge the result and watch without helping. Done when their three most important remarks are dealt with.",
            "how to get feedback",
            80,
        ),
        Template(
            Reflect,
            "Present your {topic} project",
            "Describe in five minutes what you made, which decision was hardest and what you would do differently. Done when you have told it to somebody, or recorded it.",
            "presentation tips showcase",
            70,
        ),
    ],
};

const REVIEW: Stage = Stage {
    title: "Review and next steps in {topic}",
    aims: [
        "Make sure that what you learnt about {topic} stays, and choose where to go from here.",
        "Find out what you can now do reliably in {topic}, and plan the next step.",
        "Measure your work in {topic} against demanding examples and decide what to deepen.",
    ],
    tasks: [
        Template(
            Reflect,
            "Review all of {topic} from memory",
            "Write down on two pages what you know about {topic}, without looking anything up, and then fill the gaps in another colour. Done when the second colour tells you what to repeat.",
            "summary review",
            90,
        ),
        Template(
            Do,
            "Repeat your hardest exercise in {topic}",
            "Return to the exercise in {topic} that gave you most trouble and do it again from scratch. Done when you can say what has become easier.",
            "challenging exercises",
            100,
        ),
        Template(
            Reflect,
            "Plan your next steps in {topic}",
            "Compare your goal from the beginning with what you can do now, and choose one next skill with a date. Done when the date is in your calendar.",
            "what to learn next roadmap",
            60,
        ),
        Template(
            Study,
            "Close the last gaps in {topic}",
            "Take the two weakest points of your review and study them again with a source you have not used yet. Done when you can explain both {depth}.",
            "explained in depth",
            80,
        ),
        Template(
            Do,
            "Teach somebody a piece of {topic}",
            "Prepare a lesson of ten minutes about one core skill of {topic} and give it, to a friend or to a camera. Done when the other person can do it.",
            "how to teach lesson plan",
            90,
        ),
        Template(
            Reflect,
            "Start a habit around {topic}",
            "Decide on one small thing to do for {topic} every week, with a fixed day and time, and do it for the first time. Done when the second time is planned.",
            "weekly practice routine",
            60,
        ),
    ],
};
