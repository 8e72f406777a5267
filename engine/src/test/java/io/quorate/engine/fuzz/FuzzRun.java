package io.quorate.engine.fuzz;

import io.quorate.engine.agent.CertifiedDecision;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.function.LongFunction;

/**
 * Hands three peers of four so many messages that a mutator made of real ones, in the name of the fourth. A function from a seed to what
 * was found, or null: an exception, or peers that do not decide afterwards, or not the same.
 */
public final class FuzzRun implements LongFunction<String[]> {
    private static final long MS = 1_000_000;
    private static final long KEYS = 1;
    private static final int TURN_EACH = 8;
    private static final int ROUND_EACH = 2_000;
    private static final int CUT_EACH = 5_000;
    private static final int CUT_LENGTH = 2_500;
    private static final int PATIENCE_MAX = 300;

    private final int messageCount;

    FuzzRun(final int messageCount) {
        this.messageCount = messageCount;
    }

    /** @param messageCount a number; a text, for whoever makes this in other classes */
    public FuzzRun(final String messageCount) {
        this(Integer.parseInt(messageCount));
    }

    @Override
    public String[] apply(final long seed) {
        final Corpus corpus = Corpus.record();
        final SplittableRandom random = new SplittableRandom(seed);
        try (FuzzGroup group = new FuzzGroup(KEYS, corpus::learn)) {
            group.pass(100 * MS);
            int round = 0;
            for (int i = 0; i < messageCount; i++) {
                final byte[] message = corpus.mutated(random);
                final int receiver = random.nextInt(FuzzGroup.PEERS - 1);
                try {
                    group.deliver(FuzzGroup.LIAR, receiver, message);
                    if (i % TURN_EACH == 0) {
                        group.turn();
                    }
                } catch (final RuntimeException | Error broken) {
                    return new String[] {
                        broken.toString(),
                        "seed " + seed + ", message " + i + " to peer " + receiver + ": "
                                + HexFormat.of().formatHex(message) + ", at " + broken.getStackTrace()[0]
                    };
                }
                if (i % CUT_EACH == 0) {
                    group.cutOff(random.nextInt(FuzzGroup.LIAR));
                } else if (i % CUT_EACH == CUT_LENGTH) {
                    group.cutOff();
                }
                if (i % ROUND_EACH == 0) {
                    contribute(group, "f" + round++);
                }
            }
            group.cutOff();
            return disagreement(group, "after seed " + seed);
        }
    }

    private static void contribute(final FuzzGroup group, final String round) {
        for (int id = 0; id < FuzzGroup.LIAR; id++) {
            group.contribute(id, round);
        }
    }

    private static String[] disagreement(final FuzzGroup group, final String round) {
        contribute(group, round);
        CertifiedDecision first = null;
        for (int id = 0; id < FuzzGroup.LIAR; id++) {
            for (int i = 0; i < PATIENCE_MAX && group.decision(id, round) == null; i++) {
                group.pass(100 * MS);
            }
            final CertifiedDecision decision = group.decision(id, round);
            if (decision == null) {
                return new String[] {"stalled", "peer " + id + " does not decide " + round};
            }
            first = id == 0 ? decision : first;
            if (!decision.certificate().digest().equals(first.certificate().digest())) {
                return new String[] {"disagreement", "peers 0 and " + id + " decide differently " + round};
            }
        }
        return null;
    }
}
