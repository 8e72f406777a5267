package io.quorate.engine.pbft;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.auth.Digest;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class LogSlotTest {
    private final Digest sha256 = new Digest();
    private final LogSlot slot = new LogSlot(4, 4, new LogSlot.Lacking(new LogSlot[1]), 0);

    private Batch batch(final int content) {
        final UnsafeBuffer digests = new UnsafeBuffer(new byte[Digest256.LENGTH]);
        digests.putInt(0, content);
        return new Batch(sha256, digests, 0, Digest256.LENGTH);
    }

    /** Two new views in a row that never began: the batch of the first once passed for that of the second. */
    @Test
    void shouldNotTakeTheBatchThatWasWantedBeforeForTheOneThatIsWantedNow() {
        final Batch first = batch(1);
        final Batch second = batch(2);
        slot.want(first.digest());
        assertThat(slot.supply(first)).isTrue();
        assertThat(slot.batchOf(first.digest())).isSameAs(first);

        slot.want(second.digest());

        assertThat(slot.batchOf(second.digest())).isNull();
        assertThat(slot.supply(second)).isTrue();
        assertThat(slot.batchOf(second.digest())).isSameAs(second);
    }

    @Test
    void shouldKeepTheWantedBatchWhenItIsWantedAgain() {
        final Batch wanted = batch(1);
        slot.want(wanted.digest());
        slot.supply(wanted);

        slot.want(wanted.digest());

        assertThat(slot.batchOf(wanted.digest())).isSameAs(wanted);
    }
}
