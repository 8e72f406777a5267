package io.quorate.engine.ordering;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.auth.Digest;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class RequestStoreTest {
    private static final int CLIENTS = 4;

    private final Digest sha256 = new Digest();
    private final RequestStore store = new RequestStore(CLIENTS, 1_000, 1 << 20);
    private final ClientTable clients = new ClientTable(CLIENTS, 1_000);
    private final Map<Digest256, String> names = new HashMap<>();
    private final UnsafeBuffer gathered = new UnsafeBuffer(new byte[1_000 * Digest256.LENGTH]);

    @Test
    void shouldTakeOneOfEachClientInTurn() {
        for (int number = 1; number <= 100; number++) {
            add(3, number, 10);
        }
        add(0, 1, 10);
        add(1, 1, 10);
        add(1, 2, 10);
        assertThat(gather(1_000_000).subList(0, 6)).containsExactly("0:1", "1:1", "3:1", "1:2", "3:2", "3:3");
    }

    @Test
    void shouldKeepEachClientsOrder() {
        for (int number = 1; number <= 20; number++) {
            add(number % 2 == 0 ? 1 : 2, number, 10);
        }
        final List<String> all = gather(1_000_000);
        assertThat(all).hasSize(20);
        assertThat(all.stream().filter(name -> name.startsWith("1:")))
                .containsExactly("1:2", "1:4", "1:6", "1:8", "1:10", "1:12", "1:14", "1:16", "1:18", "1:20");
    }

    @Test
    void shouldLetNobodyFillEveryBatch() {
        for (int number = 1; number <= 50; number++) {
            add(3, number, 400);
            add(0, number, 400);
        }
        add(1, 1, 10);
        add(2, 1, 10);
        // One long body fits; the next batch begins where this one ended.
        final List<String> taken = new ArrayList<>();
        for (int batch = 0; batch < 3; batch++) {
            taken.addAll(gather(450));
        }
        assertThat(taken).contains("0:1", "1:1", "2:1", "3:1");
    }

    @Test
    void shouldTakeALongOneAloneAndLeaveNothingBehind() {
        add(2, 1, 5_000);
        add(2, 2, 10);
        assertThat(gather(100)).containsExactly("2:1");
        assertThat(gather(100)).as("nothing was proposed, so the same again").containsExactly("2:1");
        assertThat(store.waitingCount()).isEqualTo(2);
    }

    @Test
    void shouldNotTakeAnOldPlaceInTheJournalForTheNewRequests() {
        add(0, 1, 10);
        final Request first = store.waitingHead();
        first.journaled(3);
        store.settle(first);
        add(1, 2, 10);
        final Request second = store.waitingHead();
        assertThat(second).as("the same object is used again").isSameAs(first);
        assertThat(second.isJournaled(3)).isFalse();
    }

    private List<String> gather(final long bytesMax) {
        final int length = store.gather(clients, gathered, bytesMax, 0);
        final List<String> found = new ArrayList<>();
        for (int at = 0; at < length; at += Digest256.LENGTH) {
            found.add(names.get(new Digest256().set(gathered, at)));
        }
        return found;
    }

    private void add(final int clientId, final long number, final int bodyLength) {
        final UnsafeBuffer statement = new UnsafeBuffer(new byte[Request.BODY_OFFSET + bodyLength]);
        statement.putInt(0, clientId);
        statement.putLong(8, number);
        statement.putInt(Request.BODY_OFFSET - Integer.BYTES, bodyLength, ByteOrder.LITTLE_ENDIAN);
        final UnsafeBuffer bytes = new UnsafeBuffer(new byte[Digest256.LENGTH]);
        final Digest256 digest = new Digest256();
        sha256.digest(statement, 0, 16, bytes, 0);
        digest.set(bytes, 0);
        names.put(new Digest256().set(digest), clientId + ":" + number);
        store.add(digest, clientId, number, statement, 0, statement.capacity(), 0);
    }
}
