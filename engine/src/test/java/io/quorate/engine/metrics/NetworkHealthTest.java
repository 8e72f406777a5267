package io.quorate.engine.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NetworkHealthTest {
    private static final long S = 1_000_000_000;

    private final NetworkHealth health = new NetworkHealth(5 * S);

    @Test
    void shouldCountNoSplitBeforeAQuorumWasReached() {
        health.onWritable(false, 6 * S);
        health.onLostHeard(6 * S);
        health.onWritable(true, 7 * S);
        assertThat(health.splits()).isZero();
        assertThat(health.heal().count()).isZero();
    }

    @Test
    void shouldMeasureASplitAndItsHealing() {
        health.onWritable(true, 7 * S);
        health.onWritable(false, 10 * S);
        health.onWritable(false, 11 * S);
        health.onLostHeard(19 * S);
        health.onLostHeard(20 * S);
        health.onWritable(true, 21 * S);
        assertThat(health.splits()).isEqualTo(1);
        assertThat(health.readOnly().percentileNs(100)).isBetween(11 * S, 12 * S);
        assertThat(health.heal().percentileNs(100)).isBetween(2 * S, 3 * S);
    }

    @Test
    void shouldMeasureAViewChangeFromTheFirstViewLeft() {
        health.onViewLeft(10 * S);
        health.onViewLeft(12 * S);
        health.onViewEntered(13 * S);
        assertThat(health.viewChange().percentileNs(100)).isBetween(3 * S, 4 * S);
        assertThat(health.viewAgeNs(15 * S)).isEqualTo(2 * S);
    }

    @Test
    void shouldCountRequestsOfTheLastTenSeconds() {
        for (int tenth = 0; tenth <= 300; tenth++) {
            health.onTick(100L * tenth, 5 * S + tenth * S / 10);
        }
        assertThat(health.requestsPerSecond()).isEqualTo(1_000);
        health.onTick(30_000, 60 * S);
        assertThat(health.requestsPerSecond()).as("idle since").isZero();
    }

    @Test
    void shouldForgetWhatWasBeforeALongPause() {
        health.onTick(500, 6 * S);
        assertThat(health.requestsPerSecond()).as("in the first second").isEqualTo(500);
        health.onTick(900, 1_000 * S);
        assertThat(health.requestsPerSecond()).isZero();
    }

    @Test
    void shouldSayWhichShareOfVotesCame() {
        final Turnout turnout = new Turnout(4, 16);
        turnout.onVote(1, 64);
        health.onCheckpoint(turnout, 64);
        assertThat(health.participationPermille()).as("nothing to compare with").isEqualTo(1_000);
        for (int sequence = 65; sequence <= 72; sequence++) {
            turnout.onVote(1, sequence);
            turnout.onVote(2, sequence);
        }
        health.onCheckpoint(turnout, 72);
        assertThat(health.participationPermille()).isEqualTo(666);
        assertThat(turnout.lastSequence(2)).isEqualTo(72);
        assertThat(turnout.lastSequence(3)).isZero();
        for (int sequence = 73; sequence <= 80; sequence++) {
            turnout.onVote(1, sequence);
            turnout.onVote(2, sequence);
            turnout.onVote(3, sequence);
        }
        health.onCheckpoint(turnout, 80);
        assertThat(health.participationPermille()).isEqualTo(1_000);
    }

    @Test
    void shouldBeginAnewWithAnEpoch() {
        final Turnout before = new Turnout(4, 16);
        before.onVote(1, 64);
        health.onCheckpoint(before, 64);
        health.onEpoch();
        health.onCheckpoint(new Turnout(7, 16), 128);
        assertThat(health.participationPermille()).isEqualTo(1_000);
    }
}
