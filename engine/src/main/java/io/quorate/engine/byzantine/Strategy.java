package io.quorate.engine.byzantine;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** How a liar lies. Everything that it does not bend goes out as its correct core meant it. */
public enum Strategy {
    /** Says nothing at all. */
    SILENT,
    /** Says nothing to about half of the others. */
    SILENT_TO_SOME,
    /** Tells two halves of the group different things, as primary and as voter; several liars keep to one story. */
    EQUIVOCATE,
    /** Votes for digests that nobody proposed. */
    WRONG_DIGEST,
    /** Answers clients with results that are not the group's. */
    WRONG_RESULT,
    /** As primary holds each proposal until just before the others' patience ends. */
    SLOW,
    /** Sends everything some time later, out of order. */
    LATE,
    /** Says again what it said long ago, in earlier views too, beside or in place of what it should say. */
    REPLAY,
    /** Speaks in the name of others: frames whose MAC cannot fit, and votes that name another replica. */
    FORGE,
    /** Leaves out of its view changes what it had prepared and voted for. */
    FORGETFUL,
    /** Tells each peer another view change: the true one, an empty one, a stale one, one that claims what never was. */
    INCONSISTENT,
    /** As primary of a new view names view changes that nobody sent, or too few of them. */
    FALSE_NEW_VIEW,
    /** Signs checkpoints that nobody has, other ones to other peers, also of sequences that it has not reached. */
    LYING_CHECKPOINT,
    /** Serves wrong pages, bodies and batches to peers that catch up. */
    BAD_PAGES,
    /** Tells peers that ask of sequences that are not, and of commits that never were. */
    EXAGGERATE,
    /** Sends bytes that are no message: cut short, too long, with a byte turned. */
    GARBLED,
    /** Does as if one client's requests had never come. */
    CENSOR,
    /** Runs twice under one key: both halves are correct cores, and the network shows them different worlds. */
    TWIN,
    /** As {@link #EQUIVOCATE}; then proposes no more, so that the view ends, and claims that the other story had prepared. */
    TWO_FACED,
    /** Claims in each view change that null batches had prepared in the view before, and begins no view of its own. */
    INVENTOR,
    /** Claims in each view change what lies outside every window. */
    OVERCLAIM,
    /** Helps one peer ahead of the others: only that one gets its votes, and it speaks of them to nobody later. */
    FAVOURITE,
    /** As {@link #FAVOURITE}; and as primary begins its view on too few view changes, and proposes null batches. */
    USURPER,
    /** Keeps others' view changes, and begins an old view of its own with one that its sender has forgotten. */
    HOARDER,
    /** Stays in an epoch that is over and answers there, while it takes part in the next; only one peer is told that it ended. */
    STRADDLER,
    /** As a client gives tags that hold for some replicas only, or for none, also in another client's name; proposes such requests. */
    BAD_TAGS;

    private static final Strategy[] MIXED = Arrays.copyOf(values(), TWO_FACED.ordinal());

    /** As command lines and reports write it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Those that a live peer can follow: they need nothing but its own messages. */
    public static List<Strategy> live() {
        return Arrays.stream(MIXED).filter(strategy -> strategy != TWIN).toList();
    }

    /** Those that presets draw from which do not aim; a fixed list, so that a seed keeps its meaning. */
    public static Strategy[] mixed() {
        return MIXED.clone();
    }

    /** Those that aim at one rule of view changes, and need faults that go with them. */
    public static Strategy[] aimed() {
        return Arrays.copyOfRange(values(), TWO_FACED.ordinal(), HOARDER.ordinal());
    }
}
