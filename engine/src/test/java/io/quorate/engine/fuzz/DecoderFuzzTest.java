package io.quorate.engine.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.decision.Certificate;
import io.quorate.engine.decision.Decision;
import io.quorate.engine.fuzz.FuzzGroup.Message;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Decoders of what is kept and handed on: bytes are refused by the documented error, or are the canonical encoding of what they give. */
class DecoderFuzzTest {
    private static final long MS = 1_000_000;
    private static final int RUNS = 50_000;

    private static CertifiedDecision certified() {
        try (FuzzGroup group = new FuzzGroup(1, message -> {})) {
            group.pass(100 * MS);
            for (int id = 0; id < FuzzGroup.PEERS; id++) {
                group.contribute(id, "round");
            }
            group.pass(500 * MS);
            return group.decision(0, "round");
        }
    }

    @Test
    void shouldTakeOnlyCanonicalDecisions() {
        fuzz(certified().decision().encode(), bytes -> decode(bytes).encode());
    }

    private static Decision decode(final byte[] bytes) {
        return Decision.decode(new UnsafeBuffer(bytes), 0, bytes.length);
    }

    @Test
    void shouldTakeOnlyCanonicalCertificates() {
        fuzz(
                certified().certificate().encode(),
                bytes -> Certificate.decode(new UnsafeBuffer(bytes), 0, bytes.length)
                        .encode());
    }

    private static void fuzz(final byte[] sound, final Function<byte[], byte[]> roundTrip) {
        assertThat(roundTrip.apply(sound)).isEqualTo(sound);
        final Corpus corpus = new Corpus();
        corpus.learn(new Message(0, sound));
        final SplittableRandom random = new SplittableRandom(Long.getLong("seed", 1));
        int refused = 0;
        for (int run = 0; run < RUNS; run++) {
            final byte[] bytes = corpus.mutated(random);
            try {
                assertThat(roundTrip.apply(bytes))
                        .as("run %d: %s", run, HexFormat.of().formatHex(bytes))
                        .isEqualTo(bytes);
            } catch (final IllegalArgumentException documented) {
                refused++;
            } catch (final RuntimeException other) {
                throw new AssertionError("run " + run + ": " + HexFormat.of().formatHex(bytes), other);
            }
        }
        assertThat(refused).isBetween(RUNS / 4, RUNS - 1);
    }
}
