package io.quorate.engine.metrics;

/** What the engine counts beside its protocols and links: id (the ordinal), name, unit and a sentence. */
public enum EngineCounter {
    CONTRIBUTIONS_SUBMITTED(
            "engine.contributions.submitted", "contributions", "Contributions that the embedder handed in."),
    CONTRIBUTIONS_ANSWERED(
            "engine.contributions.answered", "contributions", "Contributions whose outcome the group agreed on."),
    DEADLINES_SUBMITTED(
            "engine.deadlines.submitted",
            "requests",
            "Deadline requests that this peer made for rounds that stayed open."),
    ROUNDS_OPENED("engine.rounds.opened", "rounds", "Rounds that this peer saw open."),
    ROUNDS_CLOSED("engine.rounds.closed", "rounds", "Rounds that this peer computed a decision for."),
    DECISIONS_CERTIFIED("engine.decisions.certified", "decisions", "Decisions that f + 1 peers signed equally."),
    DECISIONS_FETCHED(
            "engine.decisions.fetched",
            "decisions",
            "Decisions that a restored state passed over and another peer handed in."),
    DECISIONS_LOST(
            "engine.decisions.lost",
            "decisions",
            "Decisions that a restored state passed over and nobody had any more, or that were too many at once."),
    RESULT_CONFLICTS("engine.results.conflicts", "votes", "Peers caught signing two results of one round."),
    EVENTS_DISCARDED("engine.events.discarded", "events", "Events that the embedder did not take in time."),
    LISTENER_FAILURES("engine.listener.failures", "calls", "Calls of the embedder's decision listener that threw."),
    VOTES_HELD("journal.votes.held", "messages", "Votes that waited until their entry of the journal was durable."),
    VOTES_DROPPED("journal.votes.dropped", "messages", "Votes thrown away because too many waited for the journal."),
    MESSAGES_UNKNOWN(
            "engine.messages.unknown", "messages", "Authenticated messages of a template that nobody handles.");

    private final String label;
    private final String unit;
    private final String sentence;

    EngineCounter(final String label, final String unit, final String sentence) {
        this.label = label;
        this.unit = unit;
        this.sentence = sentence;
    }

    public String label() {
        return label;
    }

    public String unit() {
        return unit;
    }

    public String sentence() {
        return sentence;
    }
}
