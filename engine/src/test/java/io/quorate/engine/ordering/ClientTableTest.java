package io.quorate.engine.ordering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class ClientTableTest {
    private final ClientTable table = new ClientTable(3, 4);
    private final ExpandableArrayBuffer bytes = new ExpandableArrayBuffer();

    @Test
    void shouldTellFreshAppliedAndStaleApart() {
        assertThat(table.status(1, 1)).isEqualTo(ClientTable.Status.FRESH);
        record(1, 7, "seven");
        assertThat(table.status(1, 7)).isEqualTo(ClientTable.Status.APPLIED);
        assertThat(table.status(1, 4)).isEqualTo(ClientTable.Status.FRESH);
        assertThat(table.status(1, 3)).isEqualTo(ClientTable.Status.STALE);
        assertThat(table.status(1, 0)).isEqualTo(ClientTable.Status.STALE);
        assertThat(table.status(1, -5)).isEqualTo(ClientTable.Status.STALE);
        assertThat(table.status(1, Long.MAX_VALUE)).isEqualTo(ClientTable.Status.STALE);
        assertThat(table.status(2, 7)).isEqualTo(ClientTable.Status.FRESH);
    }

    @Test
    void shouldForgetWhatFallsOutOfTheWindow() {
        record(0, 1, "a");
        record(0, 5, "b");
        assertThat(table.status(0, 1)).isEqualTo(ClientTable.Status.STALE);
        assertThat(reply(table, 0, 5)).isEqualTo("b");
    }

    @Test
    void shouldRefuseToApplyTwice() {
        record(0, 1, "a");
        assertThatThrownBy(() -> record(0, 1, "b")).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldComeBackFromASnapshot() {
        record(0, 2, "two");
        record(2, 9, "nine");
        record(2, 7, "seven");
        final int length = table.snapshot(bytes, 3);
        final ClientTable copy = new ClientTable(3, 4);
        final UnsafeBuffer reply = new UnsafeBuffer("stray".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        copy.record(1, 1, 1, reply, 0, 5);
        assertThat(copy.restore(bytes, 3, length)).isEqualTo(length);
        assertThat(copy.status(1, 1)).isEqualTo(ClientTable.Status.FRESH);
        assertThat(reply(copy, 2, 7)).isEqualTo("seven");
        assertThat(copy.sequence(2, 9)).isEqualTo(90);
        final ExpandableArrayBuffer again = new ExpandableArrayBuffer();
        assertThat(copy.snapshot(again, 3)).isEqualTo(length);
        for (int i = 3; i < 3 + length; i++) {
            assertThat(again.getByte(i)).isEqualTo(bytes.getByte(i));
        }
    }

    @Test
    void shouldGiveOneEncodingToOneStateWhateverTheOrder() {
        record(0, 2, "two");
        record(0, 3, "three");
        final int length = table.snapshot(bytes, 0);
        final ClientTable other = new ClientTable(3, 4);
        other.record(0, 3, 30, new UnsafeBuffer("three".getBytes(java.nio.charset.StandardCharsets.US_ASCII)), 0, 5);
        other.record(0, 2, 20, new UnsafeBuffer("two".getBytes(java.nio.charset.StandardCharsets.US_ASCII)), 0, 3);
        final ExpandableArrayBuffer otherBytes = new ExpandableArrayBuffer();
        assertThat(other.snapshot(otherBytes, 0)).isEqualTo(length);
        for (int i = 0; i < length; i++) {
            assertThat(otherBytes.getByte(i)).isEqualTo(bytes.getByte(i));
        }
    }

    @Test
    void shouldRefuseBytesThatAreNoTable() {
        record(0, 2, "two");
        final int length = table.snapshot(bytes, 0);
        for (int cut = 0; cut < length; cut++) {
            final int shorter = cut;
            assertThatThrownBy(() -> table.restore(bytes, 0, shorter)).isInstanceOf(IllegalArgumentException.class);
        }
        bytes.putInt(4, 5);
        assertThatThrownBy(() -> table.restore(bytes, 0, length)).hasMessageContaining("another shape");
        assertThat(reply(table, 0, 2)).isEqualTo("two");
    }

    @Test
    void shouldApplyOnceAndRepeatTheReply() {
        final int[] applied = {0};
        final ExactlyOnce once = new ExactlyOnce(table, new StateMachine() {
            @Override
            public int apply(
                    final long sequence,
                    final int clientId,
                    final DirectBuffer request,
                    final int offset,
                    final int lengthBytes,
                    final MutableDirectBuffer reply,
                    final int replyOffset) {
                reply.putInt(replyOffset, ++applied[0]);
                return 4;
            }

            @Override
            public int read(
                    final int clientId,
                    final DirectBuffer query,
                    final int offset,
                    final int lengthBytes,
                    final MutableDirectBuffer answer,
                    final int answerOffset) {
                answer.putInt(answerOffset, applied[0]);
                return 4;
            }

            @Override
            public int snapshot(final MutableDirectBuffer destination, final int offset) {
                destination.putInt(offset, applied[0]);
                return 4;
            }

            @Override
            public void restore(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
                applied[0] = snapshot.getInt(offset);
            }
        });
        final UnsafeBuffer reply = new UnsafeBuffer(new byte[256]);
        assertThat(once.execute(1, 0, 10, bytes, 0, 0, reply, 0)).isEqualTo(4);
        assertThat(once.execute(2, 0, 10, bytes, 0, 0, reply, 8)).isEqualTo(4);
        assertThat(once.replySequence()).isEqualTo(1);
        assertThat(reply.getInt(8)).isEqualTo(1);
        assertThat(applied[0]).isEqualTo(1);
        assertThat(once.execute(3, 0, 6, bytes, 0, 0, reply, 0)).isEqualTo(ExactlyOnce.STALE);
        final int length = once.snapshot(bytes, 0);
        once.execute(4, 0, 11, bytes, 0, 0, reply, 0);
        once.restore(bytes, 0, length);
        assertThat(applied[0]).isEqualTo(1);
        assertThat(table.status(0, 11)).isEqualTo(ClientTable.Status.FRESH);
    }

    private void record(final int client, final long number, final String reply) {
        final UnsafeBuffer buffer = new UnsafeBuffer(reply.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        table.record(client, number, 10 * number, buffer, 0, buffer.capacity());
    }

    private static String reply(final ClientTable table, final int client, final long number) {
        return table.replies()
                .getStringWithoutLengthAscii(table.replyOffset(client, number), table.replyLength(client, number));
    }
}
