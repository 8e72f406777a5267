package io.quorate.engine.pbft;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.quorum.Quorum;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The rule of docs/protocols/pbft.md, section 4, by cases; and its safety over random histories with a liar. */
class NewViewTest {
    private static final int WINDOW = 16;
    private static final Digest256 NULL = digest(0);

    private final List<NewView.Vote> votes = new ArrayList<>();

    @Test
    void shouldNotChooseAgainBeforeSomethingCame() {
        final TestGroup group = new TestGroup(4, 1);
        group.filter = (from, to, template, message) -> to == 1;
        final ViewChange viewChange = group.peers[1].replica.viewChange;
        viewChange.start(1);
        final NewView.Claims none = new NewView.Claims(0);
        final NewView.Claims alone = new NewView.Claims(1);
        alone.set(0, 1, 0, digest(7));
        final Forger second = new Forger(group, 2);
        final Forger third = new Forger(group, 3);
        second.sayViewChange(second.vote(1, alone, alone), 1);
        third.sayViewChange(third.vote(1, none, none), 1);
        group.runFor(TestGroup.MS);
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        viewChange.onTick(group.nowNs);
        final long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 10_000; i++) {
            viewChange.onTick(group.nowNs);
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before)
                .as("bytes; a choice allocates, and there were 10,000 ticks")
                .isLessThan(10_000);
        assertThat(group.view(1)).isEqualTo(1);
        assertThat(group.peers[1].replica.isActive()).as("undecided").isFalse();
        final Forger zeroth = new Forger(group, 0);
        zeroth.sayViewChange(zeroth.vote(1, none, none), 1);
        group.runFor(TestGroup.MS);
        assertThat(group.peers[1].replica.isActive()).as("decided by one more").isTrue();
    }

    @Test
    void shouldWaitForAQuorumOfMessages() {
        vote(0, 0).done();
        vote(1, 0).done();
        assertThat(choose(4)).isNull();
        vote(2, 0).done();
        assertThat(choose(4)).isNotNull();
    }

    @Test
    void shouldChooseNothingWhenNothingPrepared() {
        silent(0, 1, 2);
        assertThat(choose(4).top()).isZero();
    }

    @Test
    void shouldChooseWhatPreparedAndWasVouchedFor() {
        vote(0, 0).prepared(1, 0, 7).prePrepared(1, 0, 7).done();
        vote(1, 0).prePrepared(1, 0, 7).done();
        vote(2, 0).done();
        assertThat(choose(4).top()).isEqualTo(1);
        assertThat(choose(4).digest(1)).isEqualTo(digest(7));
    }

    @Test
    void shouldWaitWhenAPreparedClaimLacksVouchers() {
        vote(0, 0).prepared(1, 0, 7).prePrepared(1, 0, 7).done();
        silent(1, 2);
        assertThat(choose(4))
                .as("one claim, one voucher, and only two that prepared nothing")
                .isNull();
        silent(3);
        assertThat(choose(4).top()).as("three that prepared nothing: free").isZero();
    }

    @Test
    void shouldTakeTheHigherViewOfTwoClaims() {
        vote(0, 0).prepared(1, 1, 7).prePrepared(1, 1, 7).done();
        vote(1, 0).prepared(1, 2, 8).prePrepared(1, 1, 7).prePrepared(1, 2, 8).done();
        vote(2, 0).prePrepared(1, 2, 8).done();
        assertThat(choose(4).digest(1)).isEqualTo(digest(8));
    }

    @Test
    void shouldNotBelieveALoneHigherView() {
        vote(0, 0).prepared(1, 1, 7).prePrepared(1, 1, 7).done();
        vote(1, 0).prepared(1, 1, 7).prePrepared(1, 1, 7).done();
        vote(2, 0).prepared(1, 9, 8).prePrepared(1, 9, 8).done();
        assertThat(choose(4))
                .as("two honest messages are no quorum without the liar")
                .isNull();
        vote(3, 0).done();
        assertThat(choose(4).digest(1)).isEqualTo(digest(7));
    }

    @Test
    void shouldNotBelieveAnotherDigestOfTheSameView() {
        vote(0, 0).prepared(1, 1, 7).prePrepared(1, 1, 7).done();
        vote(1, 0).prePrepared(1, 1, 7).done();
        vote(2, 0).prepared(1, 1, 8).prePrepared(1, 1, 8).done();
        vote(3, 0).done();
        assertThat(choose(4).digest(1)).isEqualTo(digest(7));
    }

    @Test
    void shouldVouchOnlyByViewsAtLeastAsHigh() {
        vote(0, 0).prepared(1, 2, 7).prePrepared(1, 2, 7).done();
        vote(1, 0).prePrepared(1, 1, 7).done();
        silent(2);
        assertThat(choose(4)).isNull();
    }

    @Test
    void shouldFillGapsWithNullAndLeaveTheEndOpen() {
        vote(0, 0).prepared(3, 0, 7).prepared(5, 0, 9).prePrepared(3, 0, 7).done();
        vote(1, 0).prePrepared(3, 0, 7).done();
        silent(2, 3);
        final NewView chosen = choose(4);
        assertThat(chosen.top()).isEqualTo(3);
        assertThat(chosen.digest(1)).isEqualTo(NULL);
        assertThat(chosen.digest(2)).isEqualTo(NULL);
        assertThat(chosen.digest(3)).isEqualTo(digest(7));
    }

    @Test
    void shouldStartAboveTheHighestBase() {
        vote(0, 8).prepared(9, 0, 7).prePrepared(9, 0, 7).done();
        vote(1, 0).prepared(3, 0, 5).prePrepared(3, 0, 5).prePrepared(9, 0, 7).done();
        vote(2, 0).done();
        final NewView chosen = choose(4);
        assertThat(chosen.base().sequence()).isEqualTo(8);
        assertThat(chosen.top()).isEqualTo(9);
        assertThat(chosen.digest(9)).isEqualTo(digest(7));
    }

    @Test
    void shouldNotCountTheSilenceOfAMessageAboutWhatLiesOutsideItsWindow() {
        vote(0, 8).prepared(20, 0, 7).prePrepared(20, 0, 7).done();
        vote(1, 8).done();
        // A message of a former life: its window ends at 16, so it cannot deny 20.
        vote(2, 0).done();
        assertThat(choose(4)).isNull();
        vote(3, 8).prePrepared(20, 0, 7).done();
        assertThat(choose(4).digest(20)).isEqualTo(digest(7));
    }

    @Test
    void shouldCountFourOfSixAndNotThree() {
        vote(0, 0).prepared(1, 0, 7).prePrepared(1, 0, 7).done();
        vote(1, 0).prePrepared(1, 0, 7).done();
        silent(2);
        assertThat(choose(6)).isNull();
        silent(3);
        assertThat(choose(6).digest(1)).isEqualTo(digest(7));
    }

    /**
     * Histories of one sequence over several views, every replica but the liars correct: whatever a quorum prepared in some view
     * every later deciding set must choose.
     */
    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6, 7})
    void shouldNeverLoseWhatCommitted(final int peerCount) {
        final Quorum quorum = Quorum.of(peerCount);
        int decided = 0;
        int committedRuns = 0;
        for (long seed = 0; seed < 4000; seed++) {
            final SplittableRandom random = new SplittableRandom(seed);
            final int[][] prePreparedView = new int[peerCount][8];
            final int[] preparedView = new int[peerCount];
            final int[] preparedDigest = new int[peerCount];
            java.util.Arrays.fill(preparedView, -1);
            for (final int[] views : prePreparedView) {
                java.util.Arrays.fill(views, -1);
            }
            int committed = -1;
            Digest256 next = digest(1 + random.nextInt(6));
            for (int view = 0; view < 5; view++) {
                final int digest = indexOf(next);
                final int honest = peerCount - quorum.faultyMax();
                int voters = 0;
                for (int id = 0; id < honest; id++) {
                    if (random.nextInt(4) > 0) {
                        prePreparedView[id][digest] = view;
                        voters++;
                    }
                }
                int preparers = 0;
                for (int id = 0; id < honest && voters + quorum.faultyMax() >= quorum.quorum(); id++) {
                    if (prePreparedView[id][digest] == view && random.nextInt(4) > 0) {
                        preparedView[id] = view;
                        preparedDigest[id] = digest;
                        preparers++;
                    }
                }
                if (preparers + quorum.faultyMax() >= quorum.quorum()) {
                    assertThat(committed == -1 || committed == digest)
                            .as("seed " + seed + " view " + view)
                            .isTrue();
                    committed = digest;
                }
                final NewView chosen =
                        gather(random, peerCount, honest, view, prePreparedView, preparedView, preparedDigest);
                if (chosen == null) {
                    // Undecided: nobody votes in the next view, the one after tries again.
                    next = digest(7);
                    view = 5;
                } else {
                    decided++;
                    next = chosen.top() == 0 ? digest(1 + random.nextInt(6)) : chosen.digest(1);
                    if (committed >= 0) {
                        committedRuns++;
                        assertThat(chosen.top())
                                .as("seed " + seed + " view " + view)
                                .isEqualTo(1);
                        assertThat(indexOf(chosen.digest(1))).as("seed " + seed).isEqualTo(committed);
                    }
                }
            }
        }
        assertThat(decided).isGreaterThan(4000);
        assertThat(committedRuns).isGreaterThan(500);
    }

    private NewView gather(
            final SplittableRandom random,
            final int peerCount,
            final int honest,
            final int view,
            final int[][] prePreparedView,
            final int[] preparedView,
            final int[] preparedDigest) {
        votes.clear();
        final int left = random.nextInt(peerCount);
        for (int id = 0; id < peerCount; id++) {
            if (id == left && peerCount - 1 >= Quorum.of(peerCount).quorum() && random.nextBoolean()) {
                continue;
            }
            final Draft draft = vote(id, 0);
            if (id < honest) {
                if (preparedView[id] >= 0) {
                    draft.prepared(1, preparedView[id], preparedDigest[id]);
                }
                for (int digest = 0; digest < 8; digest++) {
                    if (prePreparedView[id][digest] >= 0) {
                        draft.prePrepared(1, prePreparedView[id][digest], digest);
                    }
                }
            } else {
                if (random.nextBoolean()) {
                    draft.prepared(1, random.nextInt(view + 1), random.nextInt(7));
                }
                for (int digest = 0; digest < 8; digest++) {
                    draft.prePrepared(1, view, digest);
                }
            }
            draft.done();
        }
        return choose(peerCount);
    }

    private NewView choose(final int peerCount) {
        return NewView.choose(votes.toArray(new NewView.Vote[0]), Quorum.of(peerCount), WINDOW, NULL);
    }

    private void silent(final int... ids) {
        for (final int id : ids) {
            vote(id, votes.isEmpty() ? 0 : votes.get(0).baseSequence()).done();
        }
    }

    private Draft vote(final int id, final long base) {
        return new Draft(id, base);
    }

    private static Digest256 digest(final int value) {
        final UnsafeBuffer bytes = new UnsafeBuffer(new byte[32]);
        bytes.putByte(31, (byte) value);
        return new Digest256().set(bytes, 0);
    }

    private static int indexOf(final Digest256 digest) {
        final UnsafeBuffer bytes = new UnsafeBuffer(new byte[32]);
        digest.write(bytes, 0);
        return bytes.getByte(31);
    }

    private final class Draft {
        private final int id;
        private final long base;
        private final List<long[]> prepared = new ArrayList<>();
        private final List<long[]> prePrepared = new ArrayList<>();

        Draft(final int id, final long base) {
            this.id = id;
            this.base = base;
        }

        Draft prepared(final long sequence, final long view, final int digest) {
            prepared.add(new long[] {sequence, view, digest});
            return this;
        }

        Draft prePrepared(final long sequence, final long view, final int digest) {
            prePrepared.add(new long[] {sequence, view, digest});
            return this;
        }

        void done() {
            final Checkpoints.Certificate certificate = new Checkpoints.Certificate(10).begin(base, digest(0));
            final NewView.Vote vote = new NewView.Vote(
                    id, 10, certificate, prepared.size(), prePrepared.size(), new UnsafeBuffer(new byte[0]), 0, 0);
            fill(vote.prepared(), prepared);
            fill(vote.prePrepared(), prePrepared);
            votes.add(vote);
        }

        private void fill(final NewView.Claims claims, final List<long[]> from) {
            for (int i = 0; i < from.size(); i++) {
                final long[] claim = from.get(i);
                claims.set(i, claim[0], claim[1], digest((int) claim[2]));
            }
        }
    }
}
