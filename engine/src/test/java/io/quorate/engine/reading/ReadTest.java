package io.quorate.engine.reading;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.ReadCounter;
import io.quorate.engine.ordering.OrderView;
import io.quorate.engine.ordering.Ordering;
import io.quorate.engine.ordering.Reading;
import io.quorate.transport.Outbox;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.ReadAnswerEncoder;
import io.quorate.transport.codecs.ReadEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Both sides of a read of peer 0 in a group of four, and the adapter between them; the state and the order are fakes. */
class ReadTest implements OrderView, Reading, Ordering, Outbox {
    private static final long PATIENCE_NS = 1_000;
    private static final int HEADER_LENGTH = MessageHeaderEncoder.ENCODED_LENGTH;

    private final List<String> believed = new ArrayList<>();
    private final List<Long> asked = new ArrayList<>();
    private final List<UnsafeBuffer> sent = new ArrayList<>();
    private final List<Integer> receivers = new ArrayList<>();
    private final List<String> ordered = new ArrayList<>();
    private final Counters<ReadCounter> counters = new Counters<>(ReadCounter.class);
    private final ReadContext context = new ReadContext()
            .peerCount(4)
            .selfId(0)
            .clientWindow(2)
            .queryLengthMax(16)
            .patienceNs(PATIENCE_NS)
            .isUnordered(true)
            .conclude();
    private final ReadPublisher publisher = new ReadPublisher(context, this);
    private final ReadServer server = new ReadServer(context, publisher, this, this, counters);
    private final ReadClient client = new ReadClient(
            context,
            1,
            publisher,
            server,
            this,
            (number, bytes, offset, length) -> {
                believed.add(number + " " + bytes.getStringWithoutLengthAscii(offset, length));
            },
            counters);
    private final ReadAdapter adapter = new ReadAdapter(context, server, client, counters);

    private boolean isVoting = true;
    private boolean isFull;
    private long newest = 5;
    private long executed = 5;
    private long stateNumber;

    @Test
    void shouldAnswerAtOnceOutOfACommittedState() {
        hearRead(2, 1, "query");
        server.onRead(asked.get(0), bytes("v"), 0, 1);
        assertThat(receivers).containsExactly(2);
        assertThat(sent.get(0).getStringWithoutLengthAscii(sent.get(0).capacity() - 1, 1))
                .isEqualTo("v");
    }

    @Test
    void shouldHoldAnAnswerUntilEverythingInItsStateHasCommitted() {
        newest = 6;
        hearRead(2, 1, "query");
        server.onRead(asked.get(0), bytes("v"), 0, 1);
        server.onTick();
        assertThat(sent).isEmpty();
        assertThat(counters.get(ReadCounter.HELD)).isEqualTo(1);
        executed = 6;
        server.onTick();
        assertThat(receivers).containsExactly(2);
    }

    @Test
    void shouldDropAnAnswerWhoseStateWasTakenBack() {
        newest = 6;
        hearRead(2, 1, "query");
        server.onRead(asked.get(0), bytes("v"), 0, 1);
        stateNumber++;
        executed = 6;
        server.onTick();
        assertThat(sent).isEmpty();
        assertThat(counters.get(ReadCounter.DROPPED_TAKEN_BACK)).isEqualTo(1);
        hearRead(2, 1, "query");
        server.onRead(asked.get(1), bytes("w"), 0, 1);
        assertThat(receivers).as("asked again, out of the new state").containsExactly(2);
    }

    @Test
    void shouldNotAnswerWithoutAVoteOrWhileTheStateGoesBack() {
        isVoting = false;
        hearRead(2, 1, "query");
        isVoting = true;
        newest = NOT_READABLE;
        hearRead(2, 2, "query");
        assertThat(asked).isEmpty();
        assertThat(counters.get(ReadCounter.DROPPED_NOT_READABLE)).isEqualTo(2);
    }

    @Test
    void shouldKeepAWindowOfReadsAClient() {
        for (long number = 1; number <= 4; number++) {
            hearRead(2, number, "query");
        }
        hearRead(2, 2, "query");
        assertThat(asked).hasSize(4);
        server.onRead(asked.get(0), bytes("v"), 0, 1);
        assertThat(sent).as("number 1 gave way").isEmpty();
        server.onRead(asked.get(3), bytes("v"), 0, 1);
        assertThat(sent).hasSize(1);
    }

    @Test
    void shouldNotFillTheWayToTheStateWithOneClientsQueries() {
        for (long number = 1; number <= 100; number++) {
            hearRead(2, number, "query");
        }
        assertThat(asked).as("two windows of two").hasSize(4);
        assertThat(counters.get(ReadCounter.DROPPED_BUDGET)).isEqualTo(96);
        hearRead(3, 1, "query");
        assertThat(asked).as("another client's").hasSize(5);
        server.onRead(asked.get(0), bytes("v"), 0, 1);
        hearRead(2, 101, "query");
        assertThat(asked).as("one left the state").hasSize(6);
    }

    @Test
    void shouldNotCountAQueryThatTheStateDidNotTake() {
        isFull = true;
        for (long number = 1; number <= 100; number++) {
            hearRead(2, number, "query");
        }
        isFull = false;
        hearRead(2, 101, "query");
        assertThat(asked).hasSize(101);
    }

    @Test
    void shouldBelieveAQuorumOfEqualAnswers() {
        read("query");
        assertThat(receivers).containsExactly(1, 2, 3);
        server.onRead(asked.get(0), bytes("v"), 0, 1);
        hearAnswer(1, 1, "v");
        hearAnswer(1, 1, "v");
        assertThat(believed).isEmpty();
        hearAnswer(2, 1, "w");
        assertThat(believed).isEmpty();
        hearAnswer(3, 1, "v");
        assertThat(believed).containsExactly("1 v");
        assertThat(client.waitingCount()).isZero();
    }

    @Test
    void shouldHaveTheQueryOrderedWhenAnswersDiffer() {
        read("query");
        hearAnswer(1, 1, "v");
        hearAnswer(2, 1, "w");
        client.onTick(1);
        assertThat(ordered).isEmpty();
        hearAnswer(3, 1, "x");
        client.onTick(2);
        assertThat(ordered).containsExactly("query");
        hearAnswer(3, 1, "v");
        assertThat(client.onReply(1, bytes("y"), 0, 1)).isTrue();
        assertThat(believed).containsExactly("1 y");
        assertThat(client.onReply(1, bytes("y"), 0, 1)).isFalse();
    }

    @Test
    void shouldHaveTheQueryOrderedWhenAnswersDoNotCome() {
        read("query");
        hearAnswer(1, 1, "v");
        client.onTick(PATIENCE_NS - 1);
        assertThat(ordered).isEmpty();
        client.onTick(PATIENCE_NS);
        client.onTick(PATIENCE_NS + 1);
        assertThat(ordered).containsExactly("query");
    }

    @Test
    void shouldRefuseReadsBeyondItsWindow() {
        read("a");
        read("b");
        assertThat(client.read(bytes("c"), 0, 1, 0)).isEqualTo(ReadClient.REFUSED);
    }

    @Test
    void shouldOrderEveryQueryWhereReplicasDoNotAnswerWithoutOrder() {
        final ReadContext plain = new ReadContext().peerCount(4).selfId(0).conclude();
        final ReadServer refusing = new ReadServer(plain, publisher, this, this, counters);
        final ReadClient ordering =
                new ReadClient(plain, 1, publisher, refusing, this, (number, bytes, offset, length) -> {}, counters);
        ordering.read(bytes("query"), 0, 5, 0);
        assertThat(sent).isEmpty();
        ordering.onTick(0);
        assertThat(ordered).containsExactly("query");
        refusing.onRead(2, 1, bytes("query"), 0, 5);
        assertThat(asked).isEmpty();
    }

    @Test
    void shouldDropMessagesThatDoNotDecode() {
        read("query");
        final UnsafeBuffer message = sent.get(0);
        for (int length = HEADER_LENGTH; length < message.capacity(); length++) {
            assertThat(adapter.onMessage(0, message, 0, length)).isTrue();
        }
        assertThat(adapter.onMessage(1, message, 0, message.capacity()))
                .as("another sender than it says")
                .isTrue();
        assertThat(asked).as("its own").hasSize(1);
        assertThat(counters.get(ReadCounter.DROPPED_MALFORMED)).isEqualTo(message.capacity() - HEADER_LENGTH + 1);
    }

    private void read(final String query) {
        client.read(bytes(query), 0, query.length(), 0);
    }

    private void hearRead(final int clientId, final long number, final String query) {
        hear(clientId, body -> {
            final ReadEncoder encoder = new ReadEncoder()
                    .wrapAndApplyHeader(body, 0, new MessageHeaderEncoder())
                    .clientId(clientId)
                    .readNumber(number)
                    .putQuery(bytes(query), 0, query.length());
            return encoder.encodedLength();
        });
    }

    private void hearAnswer(final int replicaId, final long number, final String answer) {
        hear(replicaId, body -> {
            final ReadAnswerEncoder encoder = new ReadAnswerEncoder()
                    .wrapAndApplyHeader(body, 0, new MessageHeaderEncoder())
                    .replicaId(replicaId)
                    .readNumber(number)
                    .putAnswer(bytes(answer), 0, answer.length());
            return encoder.encodedLength();
        });
    }

    private void hear(final int senderId, final java.util.function.ToIntFunction<UnsafeBuffer> message) {
        final UnsafeBuffer buffer = new UnsafeBuffer(new byte[128]);
        adapter.onMessage(senderId, buffer, 0, HEADER_LENGTH + message.applyAsInt(buffer));
    }

    private static UnsafeBuffer bytes(final String text) {
        return new UnsafeBuffer(text.getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public boolean isVoting() {
        return isVoting;
    }

    @Override
    public long newestSequence() {
        return newest;
    }

    @Override
    public long executedSequence() {
        return executed;
    }

    @Override
    public boolean isDurable() {
        return true;
    }

    @Override
    public long stateNumber() {
        return stateNumber;
    }

    @Override
    public boolean read(
            final long ticket, final int clientId, final DirectBuffer query, final int offset, final int lengthBytes) {
        asked.add(ticket);
        return !isFull;
    }

    @Override
    public long submit(final DirectBuffer request, final int offset, final int lengthBytes, final long nowNs) {
        ordered.add(request.getStringWithoutLengthAscii(offset, lengthBytes));
        return ordered.size();
    }

    @Override
    public boolean send(final int peerId, final DirectBuffer message, final int offset, final int lengthBytes) {
        final UnsafeBuffer copy = new UnsafeBuffer(new byte[lengthBytes]);
        copy.putBytes(0, message, offset, lengthBytes);
        sent.add(copy);
        receivers.add(peerId);
        return true;
    }

    @Override
    public void flush() {}
}
