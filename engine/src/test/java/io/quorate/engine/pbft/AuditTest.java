package io.quorate.engine.pbft;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Batch;
import io.quorate.transport.codecs.FetchPrePrepareDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Signatures of pre-prepares are made when somebody asks, and whoever does not make them is not believed. */
class AuditTest {
    private static final long MS = 1_000_000;
    private static final int STATEMENT_AT = MessageHeaderDecoder.ENCODED_LENGTH;

    private final TestGroup group = new TestGroup(4, 1);
    private int unsigned;
    private int signed;
    private int questions;

    private boolean count(final int fromId, final int toId, final int template, final DirectBuffer message) {
        if (template == PrePrepareDecoder.TEMPLATE_ID) {
            final boolean isSigned = LogSlot.isSigned(message, STATEMENT_AT);
            signed += isSigned ? 1 : 0;
            unsigned += isSigned ? 0 : 1;
        }
        questions += template == FetchPrePrepareDecoder.TEMPLATE_ID ? 1 : 0;
        return true;
    }

    @Test
    void shouldSignOnlyWhatIsAskedForAndAskNoMoreOnceItIsThere() {
        group.filter = this::count;
        for (int i = 0; i < 100; i++) {
            group.submit(1, "r" + i);
            group.runUntil(() -> group.peers[1].replies.size() > 0, 100 * MS);
            group.peers[1].replies.clear();
        }
        assertThat(unsigned).isGreaterThanOrEqualTo(300);
        group.runFor(100 * MS);
        // A backup asks once in 20 ms, and what it asks for is signed once.
        assertThat(signed).isPositive().isLessThanOrEqualTo(questions).isLessThan(unsigned / 2);
        final int asked = questions;
        group.runFor(10_000 * MS);
        assertThat(questions).as("an idle group is silent about it").isEqualTo(asked);
        assertThat(group.peers).noneMatch(peer -> peer.replica.audit.isChecking());
    }

    @Test
    void shouldNotBelieveASilentPrimaryUntilItSigns() {
        group.filter = (from, to, template, message) -> template != FetchPrePrepareDecoder.TEMPLATE_ID;
        group.submit(1, "never signed");
        group.runUntil(() -> group.allApplied(1), 100 * MS);
        group.runUntil(() -> group.peers[2].replica.audit.isChecking(), 5_000 * MS);
        assertThat(group.peers[0].replica.audit.isChecking()).isFalse();
        group.filter = this::count;
        group.submit(1, "signed");
        group.runUntil(() -> group.allApplied(2), 5_000 * MS);
        assertThat(signed).isPositive();
        group.runFor(5_000 * MS);
        assertThat(group.peers).noneMatch(peer -> peer.replica.audit.isChecking());
        assertThat(group.peers).allMatch(peer -> peer.replica.view() == 0);
        group.assertSameHistories();
    }

    @Test
    void shouldNotBelieveABadSignatureNorOneOnWhatWasUnsigned() {
        group.crash(0);
        final Forger primary = new Forger(group, 0);
        final Batch batch = primary.batch();
        primary.sayPrePrepareSignedBy((byte) 0, 0, 1, batch, 1, 2);
        group.runFor(2 * MS);
        assertThat(group.peers[1].replica.log.slot(1).isVoted)
                .as("zeros are no signature")
                .isTrue();
        assertThat(group.peers[1].replica.audit.isChecking()).isFalse();
        primary.sayPrePrepareSignedBy((byte) 7, 0, 1, batch, 1);
        group.runFor(2 * MS);
        assertThat(group.peers[1].replica.audit.isChecking())
                .as("asked for, and bad")
                .isTrue();
        assertThat(group.peers[2].replica.audit.isChecking()).isFalse();
        primary.sayPrePrepareSignedBy((byte) 7, 0, 2, batch, 1, 2);
        primary.sayPrePrepareSignedBy((byte) 0, 0, 3, batch, 1, 2);
        group.runFor(2 * MS);
        assertThat(group.peers[1].replica.log.slot(2).isAccepted).isFalse();
        assertThat(group.peers[1].replica.log.slot(3).isAccepted).isFalse();
        assertThat(group.peers[2].replica.log.slot(3).isAccepted).isTrue();
        assertThat(group.count(1, PbftCounter.DROPPED_BAD_SIGNATURE)).isEqualTo(3);
        primary.sayPrePrepare(0, 2, batch, 1);
        group.runFor(2 * MS);
        assertThat(group.peers[1].replica.log.slot(2).isVoted).as("signed well").isTrue();
    }

    /** The primary says two things without a signature and gives it to whoever asks: both halves ask, and one of them has the proof. */
    @Test
    void shouldProveTwoStoriesThatWereSignedOnlyAfterwards() {
        group.crash(0);
        final Forger primary = new Forger(group, 0);
        final UnsafeBuffer a = new Forger(group, 3).request(3, 1, "a");
        final UnsafeBuffer b = new Forger(group, 3).request(3, 2, "b");
        primary.sayRequest(a, 1, 2, 3);
        primary.sayRequest(b, 1, 2, 3);
        group.runFor(2 * MS);
        group.filter = (from, to, template, message) -> {
            if (template == FetchPrePrepareDecoder.TEMPLATE_ID && to == 0) {
                primary.sayPrePrepare(0, 1, primary.batch(from == 1 ? a : b), from);
            }
            return true;
        };
        primary.sayPrePrepareSignedBy((byte) 0, 0, 1, primary.batch(a), 1);
        primary.sayPrePrepareSignedBy((byte) 0, 0, 1, primary.batch(b), 2);
        group.runFor(30 * MS);
        for (int id = 1; id < 4; id++) {
            assertThat(group.peers[id].evidence).as("peer %d", id).hasSize(1);
            assertThat(group.peers[id].evidence.getFirst().accusedId()).isZero();
        }
    }

    @Test
    void shouldNotSignForWhoAsksBeyondTheWindowOrAnotherView() {
        group.submit(1, "r");
        group.runUntil(() -> group.allApplied(1), 100 * MS);
        group.runFor(100 * MS);
        group.filter = this::count;
        final Audit audit = group.peers[0].replica.audit;
        audit.onFetch(1, 1, 1);
        audit.onFetch(1, -1, 1);
        audit.onFetch(1, 0, 0);
        audit.onFetch(1, 0, 2);
        audit.onFetch(1, 0, Long.MAX_VALUE);
        group.peers[1].replica.audit.onFetch(0, 0, 1);
        group.runFor(MS);
        assertThat(signed + unsigned).isZero();
        audit.onFetch(1, 0, 1);
        group.runFor(MS);
        assertThat(signed).isPositive();
    }
}
