package io.quorate.engine.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.coordination.Topology;
import io.quorate.kernels.simd.PrimitivesProvider;
import io.quorate.transport.auth.Digest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecisionTest {
    @Test
    void shouldComeBackFromItsCanonicalEncoding() {
        final Decision decision = agreed();
        final byte[] bytes = decision.encode();
        final Decision back = Decision.decode(new UnsafeBuffer(bytes), 0, bytes.length);

        assertThat(back).isEqualTo(decision);
        assertThat(back.digest()).isEqualTo(decision.digest());
        assertThat(back.round()).isEqualTo("r");
        assertThat(back.settings()).isEqualTo(decision.settings());
        assertThat(back.verdict()).isEqualTo(decision.verdict());
        assertThat(back.contributors()).isEqualTo(decision.contributors());
        assertThat(back.byzantine()).isEqualTo(decision.byzantine());
        assertThat(back.conflicts()).isEqualTo(decision.conflicts()).isNotEmpty();
        assertThat(back.fused()).isEqualTo(decision.fused());
        assertThat(back.reason()).isEqualTo(decision.reason());
        assertThat(back.cost()).isNull();
        assertThat(decision.cost()).isNotNull();
    }

    /** What belongs to a mode stands behind the record; nothing of it can be left out, changed or put elsewhere. */
    @ParameterizedTest
    @EnumSource(
            value = Coordinator.Mode.class,
            names = {"GOSSIP", "TOPOLOGY"})
    void shouldComeBackWithWhatBelongsToItsMode(final Coordinator.Mode mode) {
        final Decision decision = ofMode(mode);
        final byte[] bytes = decision.encode();
        final Decision back = Decision.decode(new UnsafeBuffer(bytes), 0, bytes.length);
        assertThat(back).isEqualTo(decision);
        assertThat(back.details()).isEqualTo(decision.details()).isNotNull();
        assertThat(back.settings().mode()).isEqualTo(mode);
        for (int length = 0; length < bytes.length; length++) {
            refuse(Arrays.copyOf(bytes, length));
        }
        for (int i = 0; i < bytes.length; i++) {
            final byte[] changed = bytes.clone();
            changed[i] ^= 1;
            try {
                final Decision other = Decision.decode(new UnsafeBuffer(changed), 0, changed.length);
                assertThat(other.digest()).isNotEqualTo(decision.digest());
            } catch (final IllegalArgumentException expected) {
                assertThat(expected).hasMessageMatching(".*(bytes|codes|number|sigma|ladder).*");
            }
        }
        // The mode alone moved to one that tells nothing of itself: what follows is too much.
        bytes[16] = 1;
        refuse(bytes);
    }

    @ParameterizedTest
    @EnumSource(Coordinator.Mode.class)
    void shouldHaveTheSameDigestAtEveryVectorWidthInEveryMode(final Coordinator.Mode mode) {
        final byte[] expected = ofMode(mode).digest();
        for (final String bits : new String[] {"scalar", "64", "128", "256", "512"}) {
            System.setProperty(PrimitivesProvider.PROPERTY, bits);
            try {
                assertThat(ofMode(mode).digest()).isEqualTo(expected);
            } finally {
                System.clearProperty(PrimitivesProvider.PROPERTY);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Coordinator.Mode.class)
    void shouldDecideTheSameFromASnapshotInEveryMode(final Coordinator.Mode mode) {
        try (MachineRun run = new MachineRun(context(mode));
                MachineRun other = new MachineRun(context(mode))) {
            for (int peer = 0; peer < 4; peer++) {
                run.contribute(peer, "r", "yes");
            }
            other.restore(run.snapshot());
            other.at(run.sequence());
            run.contribute(4, "r", "no");
            other.contribute(4, "r", "no");
            assertThat(other.lastDecision().digest())
                    .isEqualTo(run.lastDecision().digest());
        }
    }

    private static Decision ofMode(final Coordinator.Mode mode) {
        try (MachineRun run = new MachineRun(context(mode))) {
            for (int peer = 0; peer < 5; peer++) {
                run.contribute(peer, "r", peer == 3 ? "no" : "yes");
            }
            return run.lastDecision();
        }
    }

    private static DecisionContext context(final Coordinator.Mode mode) {
        return new DecisionContext()
                .coordinator(MachineRun.settings(5, 8, 2)
                        .mode(mode)
                        .topology(Topology.parse(5, "0-1 1-2 2-3 3-4 4-0 0-2 1-3 2-4 3-0 4-1:0.5"))
                        .gossipRounds(2)
                        .rope(new Topology.Rope(Topology.Rope.Mode.RESISTANCE, 0.5, 2))
                        .conclude())
                .conclude();
    }

    @Test
    void shouldDigestExactlyTheCanonicalBytes() {
        final Decision decision = agreed();
        assertThat(decision.digest()).isEqualTo(Digest.sha256(decision.encode()));
    }

    @Test
    void shouldHaveTheSameDigestOnEveryMachine() {
        // Moves only when the encoding or a definition in docs/protocols/decision.md does; then say so there.
        assertThat(HexFormat.of().formatHex(agreed().digest()))
                .isEqualTo("9260c2763435e06acc1d85746cc72815f50517d021fe8e73f716c8d9c0276f49");
    }

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "64", "128", "256", "512"})
    void shouldHaveTheSameDigestAtEveryVectorWidth(final String bits) {
        final byte[] expected = agreed().digest();
        System.setProperty(PrimitivesProvider.PROPERTY, bits);
        try {
            final Decision decision = agreed();
            assertThat(decision.digest()).isEqualTo(expected);
            assertThat(decision.cost().kernelBits()).isEqualTo(bits.equals("scalar") ? 32 : Integer.parseInt(bits));
        } finally {
            System.clearProperty(PrimitivesProvider.PROPERTY);
        }
    }

    @Test
    void shouldHaveAnotherDigestForEveryChangedByte() {
        final byte[] bytes = agreed().encode();
        int decoded = 0;
        for (int i = 0; i < bytes.length; i++) {
            final byte[] changed = bytes.clone();
            changed[i] ^= 1;
            try {
                final Decision other = Decision.decode(new UnsafeBuffer(changed), 0, changed.length);
                assertThat(other.digest()).isNotEqualTo(agreed().digest());
                decoded++;
            } catch (final IllegalArgumentException expected) {
                assertThat(expected).hasMessageMatching(".*(bytes|codes|number).*");
            }
        }
        assertThat(decoded).isGreaterThan(100);
    }

    @Test
    void shouldRefuseBytesThatAreNoDecision() {
        final byte[] bytes = agreed().encode();
        final Random random = new Random(20261122);
        for (int length = 0; length < bytes.length; length++) {
            refuse(Arrays.copyOf(bytes, length));
        }
        refuse(Arrays.copyOf(bytes, bytes.length + 1));
        for (int i = 0; i < 200; i++) {
            final byte[] noise = new byte[random.nextInt(400)];
            random.nextBytes(noise);
            refuse(noise);
        }
    }

    @Test
    void shouldSayWhyThereIsNoQuorum() {
        try (MachineRun run = MachineRun.of(4)) {
            final String[] answers = {"a", "b", "c", "d"};
            for (int peer = 0; peer < 4; peer++) {
                run.contribute(peer, "four", answers[peer]);
                run.contribute(peer, "halves", peer < 2 ? "a" : "b");
                run.contribute(peer, "pair", peer < 2 ? "a" : answers[peer]);
            }
            assertThat(run.decisions.get(0).reason())
                    .isEqualTo("4 answers differ: the largest group has 1 of 4 peers, quorum is 3");
            assertThat(run.decisions.get(1).reason())
                    .isEqualTo("2 answers differ (2 against 2): the largest group has 2 of 4 peers, quorum is 3");
            assertThat(run.decisions.get(2).reason())
                    .isEqualTo(
                            "3 answers differ (2 against 1 against 1): the largest group has 2 of 4 peers, quorum is 3");
            assertThat(run.decisions).noneMatch(Decision::isAgreed);
            assertThat(run.decisions.get(1).verdict().largestGroup()).isZero();
        }
    }

    private static void refuse(final byte[] bytes) {
        assertThatThrownBy(() -> Decision.decode(new UnsafeBuffer(bytes), 0, bytes.length))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static Decision agreed() {
        try (MachineRun run = MachineRun.of(4)) {
            for (int peer = 0; peer < 4; peer++) {
                run.contribute(peer, "r", peer == 2 ? "nein" : "ja \u00e4", liar(peer));
                run.contribute(peer, "r", "and something else");
            }
            return run.lastDecision();
        }
    }

    private static float[] liar(final int peer) {
        final float[] vector = MachineRun.vector(0);
        vector[0] += 0.01f * peer;
        vector[3] += peer == 2 ? 1e6f : 0;
        return vector;
    }
}
