package io.quorate.engine.reading;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.ReadCounter;
import io.quorate.engine.ordering.OrderView;
import io.quorate.engine.ordering.Reading;
import io.quorate.engine.ordering.StateMachine;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A replica's side of reads without order (MIT-LCS-TR-817, 5.1.3): a query runs on the newest state, tentative included, and
 * its answer is held until everything in that state has committed. Why q equal answers are linearizable:
 * docs/protocols/pbft.md, section 10. One thread, the consensus thread.
 */
public final class ReadServer implements Reading.Listener {
    private final ReadContext context;
    private final ReadPublisher publisher;
    private final OrderView order;
    private final Reading state;
    private final Counters<ReadCounter> counters;
    private final int windowLength;

    /** One cell a client and read in its window. */
    private final long[] numbers;

    /** What the state is asked with; a cell with a ticket waits for the state or for the commit. */
    private final long[] tickets;

    private final long[] newestSequences;
    private final long[] stateNumbers;

    /** {@link #NO_ANSWER} until the state has answered. */
    private final int[] lengths;

    /** Queries that a client has at the state: those whose cell a newer one took are among them. */
    private final int[] underWay;

    private final UnsafeBuffer answers;
    private ReadClient localClient;
    private long ticketCount;
    private int heldCount;

    /** A client that got its answers elsewhere goes on, while a slow replica still has a window of its queries at the state. */
    private static final int WINDOWS_UNDER_WAY = 2;

    private static final long NO_TICKET = -1;
    private static final int NO_ANSWER = -1;

    /**
     * @param publisher behind the journal's gate, where there is a journal
     * @param state where queries go; its answers come back to this object
     */
    public ReadServer(
            final ReadContext context,
            final ReadPublisher publisher,
            final OrderView order,
            final Reading state,
            final Counters<ReadCounter> counters) {
        this.context = context;
        this.publisher = publisher;
        this.order = order;
        this.state = state;
        this.counters = counters;
        windowLength = context.clientWindow();
        final int cells = context.peerCount() * windowLength;
        numbers = new long[cells];
        tickets = new long[cells];
        Arrays.fill(tickets, NO_TICKET);
        newestSequences = new long[cells];
        stateNumbers = new long[cells];
        lengths = new int[cells];
        underWay = new int[context.peerCount()];
        answers = new UnsafeBuffer(new byte[cells * StateMachine.REPLY_LENGTH_MAX]);
    }

    void localClient(final ReadClient client) {
        localClient = client;
    }

    /** A client's query. A replica that may have forgotten what it answered, or whose state is going back, does not answer. */
    void onRead(
            final int clientId,
            final long readNumber,
            final DirectBuffer query,
            final int offset,
            final int lengthBytes) {
        if (!context.isUnordered() || readNumber < 1 || lengthBytes > context.queryLengthMax()) {
            counters.increment(ReadCounter.DROPPED_UNWANTED);
            return;
        }
        final long newest = order.newestSequence();
        if (!order.isVoting() || newest == OrderView.NOT_READABLE) {
            counters.increment(ReadCounter.DROPPED_NOT_READABLE);
            return;
        }
        final int cell = clientId * windowLength + (int) (readNumber % windowLength);
        if (readNumber < numbers[cell] || (readNumber == numbers[cell] && tickets[cell] != NO_TICKET)) {
            counters.increment(ReadCounter.DROPPED_UNWANTED);
            return;
        }
        if (underWay[clientId] >= WINDOWS_UNDER_WAY * windowLength) {
            counters.increment(ReadCounter.DROPPED_BUDGET);
            return;
        }
        drop(cell);
        numbers[cell] = readNumber;
        tickets[cell] = ++ticketCount * tickets.length + cell;
        newestSequences[cell] = newest;
        stateNumbers[cell] = order.stateNumber();
        lengths[cell] = NO_ANSWER;
        // First: a state on the same thread answers inside the call.
        underWay[clientId]++;
        if (!state.read(tickets[cell], clientId, query, offset, lengthBytes)) {
            underWay[clientId]--;
            drop(cell);
        }
    }

    @Override
    public void onRead(final long ticket, final DirectBuffer answer, final int offset, final int lengthBytes) {
        final int cell = (int) (ticket % tickets.length);
        underWay[cell / windowLength]--;
        if (tickets[cell] != ticket) {
            // A newer read of the client has its cell.
            return;
        }
        lengths[cell] = lengthBytes;
        answers.putBytes(cell * StateMachine.REPLY_LENGTH_MAX, answer, offset, lengthBytes);
        heldCount++;
        if (!release(cell)) {
            counters.increment(ReadCounter.HELD);
        }
    }

    /** Gives the answers whose state has committed by now; call it after everything that may have moved the order. */
    public void onTick() {
        for (int cell = 0; heldCount > 0 && cell < tickets.length; cell++) {
            if (tickets[cell] != NO_TICKET && lengths[cell] != NO_ANSWER) {
                release(cell);
            }
        }
    }

    /** False if the answer must wait. */
    private boolean release(final int cell) {
        if (stateNumbers[cell] != order.stateNumber()) {
            counters.increment(ReadCounter.DROPPED_TAKEN_BACK);
            drop(cell);
            return true;
        }
        if (order.executedSequence() < newestSequences[cell]) {
            return false;
        }
        final int clientId = cell / windowLength;
        final int offset = cell * StateMachine.REPLY_LENGTH_MAX;
        final int length = lengths[cell];
        counters.increment(ReadCounter.ANSWERED);
        drop(cell);
        if (clientId != context.selfId()) {
            publisher.answer(clientId, numbers[cell], answers, offset, length);
        } else if (localClient != null && order.isDurable()) {
            // There is no gate on this way: what would have to wait is left to the others.
            localClient.onAnswer(clientId, numbers[cell], answers, offset, length);
        }
        return true;
    }

    private void drop(final int cell) {
        heldCount -= tickets[cell] != NO_TICKET && lengths[cell] != NO_ANSWER ? 1 : 0;
        tickets[cell] = NO_TICKET;
    }
}
