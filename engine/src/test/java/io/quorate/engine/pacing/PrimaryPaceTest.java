package io.quorate.engine.pacing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrimaryPaceTest {
    private static final long MS = 1_000_000;
    private static final long PATIENCE_NS = 10 * MS;
    private static final int QUORUM = 3;

    private final PrimaryPace pace = new PrimaryPace(4, 3, PATIENCE_NS, 80 * MS, 100 * MS, 0);
    private long nowNs = 1_000 * MS;

    /** One batch after the other, each with a request that comes when the one before has committed. */
    private void batches(final int count, final long tookNs) {
        for (int i = 0; i < count; i++) {
            pace.onBatch(nowNs, nowNs + tookNs);
            nowNs += tookNs;
        }
    }

    @Test
    void shouldFindSlowWhatTakesLongAgainAndAgain() {
        batches(5, 11 * MS);
        assertThat(pace.isSlow()).isFalse();
        batches(1, 11 * MS);
        assertThat(pace.isSlow()).isTrue();
        batches(11, MS);
        assertThat(pace.isSlow()).as("the last sixteen count").isFalse();
    }

    @Test
    void shouldNotTakeAPauseForSlowness() {
        final long arrivedNs = nowNs;
        nowNs += 500 * MS;
        for (int i = 0; i < 16; i++) {
            // All came before the pause, and commit one right after the other when it is over.
            pace.onBatch(arrivedNs, nowNs + i * MS);
        }
        assertThat(pace.isSlow()).isFalse();
    }

    @Test
    void shouldNotTakeIdlenessOrAQueueForSlowness() {
        for (int i = 0; i < 16; i++) {
            nowNs += 10_000 * MS;
            pace.onBatch(nowNs, nowNs + MS);
        }
        final long queuedNs = nowNs;
        batches(1, MS);
        for (int i = 0; i < 100; i++) {
            nowNs += 9 * MS;
            pace.onBatch(queuedNs, nowNs);
        }
        assertThat(pace.isSlow())
                .as("a batch waits only while it is the next one")
                .isFalse();
    }

    @Test
    void shouldStartAnewInTheNextView() {
        batches(6, 11 * MS);
        nowNs += 100 * MS;
        pace.onViewMoved(nowNs);
        assertThat(pace.isSlow()).isFalse();
        pace.onBatch(nowNs - 90 * MS, nowNs + MS);
        nowNs += MS;
        batches(5, 11 * MS);
        assertThat(pace.isSlow()).as("what waited for the view does not count").isFalse();
    }

    @Test
    void shouldLeaveAViewThatAQuorumFindsSlow() {
        batches(6, 11 * MS);
        pace.onVerdict(0, 7, true, nowNs);
        assertThat(pace.isAgreed(7, QUORUM, nowNs)).as("two of four").isFalse();
        pace.onVerdict(1, 6, true, nowNs);
        assertThat(pace.isAgreed(7, QUORUM, nowNs)).as("of another view").isFalse();
        pace.onVerdict(1, 7, true, nowNs);
        assertThat(pace.isAgreed(7, QUORUM, nowNs)).isTrue();
        pace.onVerdict(0, 7, false, nowNs);
        assertThat(pace.isAgreed(7, QUORUM, nowNs)).as("taken back").isFalse();
        pace.onVerdict(2, 7, true, nowNs + 50 * MS);
        assertThat(pace.isAgreed(7, QUORUM, nowNs + 50 * MS)).isTrue();
        assertThat(pace.isAgreed(7, QUORUM, nowNs + 101 * MS)).as("long ago").isFalse();
    }

    @Test
    void shouldNeverLeaveAViewThatItFindsFastItself() {
        batches(16, MS);
        for (int peerId = 0; peerId < 3; peerId++) {
            pace.onVerdict(peerId, 7, true, nowNs);
        }
        assertThat(pace.isAgreed(7, QUORUM, nowNs)).isFalse();
    }

    @Test
    void shouldDoubleItsPatienceAndHalveItWhenAllIsCalm() {
        pace.onLeft();
        batches(16, 19 * MS);
        assertThat(pace.isSlow()).isFalse();
        for (int i = 0; i < 5; i++) {
            pace.onLeft();
        }
        assertThat(pace.patienceNs()).as("the cap").isEqualTo(80 * MS);
        batches(1_000, 21 * MS);
        assertThat(pace.patienceNs())
                .as("more than a quarter of it is not calm")
                .isEqualTo(80 * MS);
        batches(550, 19 * MS);
        assertThat(pace.patienceNs()).isEqualTo(40 * MS);
        batches(10_500 * 3, MS);
        assertThat(pace.patienceNs()).as("not below the first").isEqualTo(PATIENCE_NS);
    }

    @Test
    void shouldFindNothingSlowWithoutPatience() {
        final PrimaryPace any = new PrimaryPace(4, 3, 0, 80 * MS, 100 * MS, 0);
        for (int i = 0; i < 20; i++) {
            any.onBatch(nowNs, nowNs + 1_000 * MS);
            nowNs += 1_000 * MS;
        }
        assertThat(any.isSlow()).isFalse();
    }
}
