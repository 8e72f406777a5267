package io.quorate.engine.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.transport.auth.Signer;
import java.util.HashSet;
import java.util.Set;
import org.agrona.concurrent.UnsafeBuffer;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FailureQuorumTest {
    @ParameterizedTest
    @CsvSource({"4,2,3", "7,3,5", "16,6,11", "64,22,43", "65,5,9", "4096,5,9"})
    void shouldHaveTheThresholdsOfTheGroupOrOfTheObservers(final int members, final int suspect, final int faulty) {
        final FailureQuorum quorum = new FailureQuorum(members, 1, 4);
        assertThat(quorum.suspectCount()).isEqualTo(suspect);
        assertThat(quorum.faultyCount()).isEqualTo(faulty);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 13, 64, 65, 300, 4096})
    void shouldChooseDistinctOthersAsObservers(final int members) {
        final FailureQuorum quorum = new FailureQuorum(members, 7, 4);
        for (int subject = 0; subject < members; subject += 1 + members / 50) {
            final Set<Integer> seen = new HashSet<>();
            for (int index = 0; index < quorum.observerCount(); index++) {
                final int observer = quorum.observer(subject, index);
                assertThat(observer).isBetween(0, members - 1);
                assertThat(seen.add(observer)).isTrue();
                assertThat(quorum.indexOf(subject, observer)).isEqualTo(observer == subject ? -1 : index);
            }
            assertThat(quorum.indexOf(subject, subject)).isEqualTo(-1);
        }
    }

    @Test
    void shouldChooseOthersInAnotherEpoch() {
        final FailureQuorum one = new FailureQuorum(1000, 1, 4);
        final FailureQuorum two = new FailureQuorum(1000, 2, 4);
        int equal = 0;
        for (int index = 0; index < one.observerCount(); index++) {
            equal += two.indexOf(10, one.observer(10, index)) >= 0 ? 1 : 0;
        }
        assertThat(equal).isLessThan(4);
    }

    @Test
    void shouldKnowTheRiskOfADraw() {
        // One liar among two others, one drawn: an even chance that it is the liar.
        assertThat(FailureQuorum.riskOf(2, 1, 1, 0)).isEqualTo(0.5, Offset.offset(1e-12));
        assertThat(FailureQuorum.riskOf(100, 4, 13, 4)).isZero();
        double all = 0;
        all += FailureQuorum.riskOf(50, 20, 13, -1);
        assertThat(all).isEqualTo(1, Offset.offset(1e-9));
    }

    @Test
    void shouldCountEachAccuserOnce() {
        final Suspicion suspicion = new Suspicion(16);
        final UnsafeBuffer signature = new UnsafeBuffer(new byte[Signer.SIGNATURE_LENGTH]);
        suspicion.restart(3);
        assertThat(suspicion.add(2, signature, 0)).isTrue();
        assertThat(suspicion.add(2, signature, 0)).isFalse();
        assertThat(suspicion.add(15, signature, 0)).isTrue();
        assertThat(suspicion.count()).isEqualTo(2);
        suspicion.restart(4);
        assertThat(suspicion.count()).isZero();
        assertThat(suspicion.has(2)).isFalse();
    }

    @Test
    void shouldBindAnAccusationToSubjectIncarnationAndAccuser() {
        final SimKeys keys = new SimKeys(4, new SimRandom(1));
        final UnsafeBuffer content = new UnsafeBuffer(new byte[Suspicion.CONTENT_LENGTH]);
        final UnsafeBuffer signature = new UnsafeBuffer(new byte[Signer.SIGNATURE_LENGTH]);
        Suspicion.sign(2, 9, keys.signer(1), content, signature);
        assertThat(Suspicion.isSigned(1, 2, 9, keys.verifier(), content, signature, 0))
                .isTrue();
        assertThat(Suspicion.isSigned(0, 2, 9, keys.verifier(), content, signature, 0))
                .isFalse();
        assertThat(Suspicion.isSigned(1, 3, 9, keys.verifier(), content, signature, 0))
                .isFalse();
        assertThat(Suspicion.isSigned(1, 2, 10, keys.verifier(), content, signature, 0))
                .isFalse();
    }
}
