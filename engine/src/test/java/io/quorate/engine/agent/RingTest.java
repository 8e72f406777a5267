package io.quorate.engine.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.ordering.Execution.Standing;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.ControlledMessageHandler.Action;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class RingTest {
    private static final int CAPACITY = 1 << 13;

    private final UnsafeBuffer request = new UnsafeBuffer("request".getBytes(StandardCharsets.UTF_8));
    private final List<String> seen = new ArrayList<>();

    @Test
    void shouldHandJobsOverInOrderWithTheirSnapshots() {
        final JobRing ring = new JobRing(CAPACITY, 3);

        assertThat(ring.execute(7, Standing.FINAL, 2, 40, request, 0, 7)).isTrue();
        assertThat(ring.checkpoint(7)).isTrue();
        assertThat(ring.restore(9, request, 0, 3)).isTrue();

        ring.drain(
                (type, buffer, index, length) -> {
                    seen.add(type + ":" + buffer.getLong(index + JobRing.SEQUENCE_OFFSET));
                    if (type == JobRing.EXECUTE) {
                        seen.add(buffer.getStringWithoutLengthUtf8(
                                index + JobRing.BODY_OFFSET, length - JobRing.BODY_OFFSET));
                    }
                    if (type == JobRing.RESTORE) {
                        seen.add(ring.takeSnapshot().getStringWithoutLengthUtf8(0, 3));
                    }
                    return Action.CONTINUE;
                },
                10);

        assertThat(seen).containsExactly("1:7", "request", "2:7", "3:9", "req");
    }

    @Test
    void shouldRefuseAJobWhenFullAndTakeItAfterwards() {
        final JobRing ring = new JobRing(CAPACITY, 3);
        long accepted = 0;
        while (ring.execute(accepted + 1, Standing.FINAL, 0, accepted, request, 0, 7)) {
            accepted++;
        }
        assertThat(accepted).isPositive();
        assertThat(ring.checkpoint(accepted)).isFalse();

        final int drained = ring.drain((type, buffer, index, length) -> Action.CONTINUE, Integer.MAX_VALUE);

        assertThat((long) drained).isEqualTo(accepted);
        assertThat(ring.checkpoint(accepted)).isTrue();
    }

    @Test
    void shouldOfferAnAbortedJobAgain() {
        final JobRing ring = new JobRing(CAPACITY, 3);
        ring.checkpoint(5);

        assertThat(ring.drain((type, buffer, index, length) -> Action.ABORT, 1)).isZero();
        assertThat(ring.drain((type, buffer, index, length) -> Action.CONTINUE, 1))
                .isEqualTo(1);
    }

    @Test
    void shouldRefuseSnapshotsBeyondItsQueueWithoutLosingOne() {
        final JobRing ring = new JobRing(CAPACITY, 3);
        int accepted = 0;
        while (ring.restore(accepted + 1, request, 0, 7)) {
            accepted++;
        }

        ring.drain(
                (type, buffer, index, length) -> {
                    seen.add(ring.takeSnapshot().getStringWithoutLengthUtf8(0, 7));
                    return Action.CONTINUE;
                },
                Integer.MAX_VALUE);

        assertThat(seen).hasSize(accepted).containsOnly("request");
    }

    @Test
    void shouldKeepResultsAndTheirObjectsInStep() {
        final ResultRing ring = new ResultRing(CAPACITY);
        ring.event("opened");
        ring.reply(3, 1, 20, request, 0, 7);
        ring.checkpoint(3, request);
        ring.restored(4, true);

        ring.drain(
                (type, buffer, index, length) -> {
                    final Object object =
                            type == ResultRing.EVENT || type == ResultRing.CHECKPOINT ? ring.takeObject() : "-";
                    seen.add(type + ":" + (object == request ? "snapshot" : object));
                },
                10);

        assertThat(seen).containsExactly("4:opened", "1:-", "2:snapshot", "3:-");
    }

    @Test
    void shouldSayWhenResultsHaveNoRoom() {
        final ResultRing ring = new ResultRing(CAPACITY);
        int replies = 0;
        while (ring.hasRoom()) {
            ring.reply(1, 0, replies++, request, 0, 7);
        }

        assertThat(replies).isPositive();
        ring.drain((type, buffer, index, length) -> {}, Integer.MAX_VALUE);
        assertThat(ring.hasRoom()).isTrue();
    }

    @Test
    void shouldCarryAContributionWithItsTicket() {
        final CommandRing ring = new CommandRing(CAPACITY);
        final int index = ring.claimContribution(99, 5, 7);
        ring.buffer().putBytes(index, request, 0, 7);
        ring.commit(index);

        ring.drain(
                (type, buffer, at, length) -> {
                    seen.add(type + ":" + buffer.getLong(at));
                    return Action.CONTINUE;
                },
                10);

        assertThat(seen).containsExactly("1:99");
    }

    @Test
    void shouldTakeAStatusRequestThoughContributionsWait() {
        final CommandRing ring = new CommandRing(CAPACITY);
        ring.commit(ring.claimContribution(99, 5, 7));
        assertThat(ring.takeStatusRequest()).isFalse();

        ring.requestStatus();

        ring.drain((type, buffer, at, length) -> Action.ABORT, 10);
        assertThat(ring.takeStatusRequest()).isTrue();
        assertThat(ring.takeStatusRequest()).isFalse();
    }
}
