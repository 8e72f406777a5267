package io.quorate.engine.ordering;

import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.collections.Long2ObjectHashMap;

/**
 * The requests that a replica holds, by digest. Those that wait stand in order of arrival; one that a slot refers to stays
 * until its sequence is below the stable checkpoint, so that others can fetch it.
 *
 * <p>Bounded per client, in number and in bytes, for requests that no slot refers to; what slots refer to is bounded by the
 * log. A request that a slot needs always finds room: else a client could fill a backup's budget with one set of requests and
 * the primary's with another. Requests that left are used again, so that a replica in steady state allocates none.
 */
public final class RequestStore {
    private final int clientCountMax;
    private final long clientBytesMax;
    private final int[] clientCounts;
    private final long[] clientBytes;
    private final Request[] queueHeads;
    private final Request[] queueTails;
    private final Long2ObjectHashMap<Request> byPrefix = new Long2ObjectHashMap<>();
    private Request head;
    private Request tail;
    private Request waitingHead;
    private Request waitingTail;
    private Request pool;
    private long pooledBytes;
    private long arrivals;
    private int waitingCount;
    private int turn;
    private int count;

    public RequestStore(final int clients, final int clientCountMax, final long clientBytesMax) {
        this.clientCountMax = clientCountMax;
        this.clientBytesMax = clientBytesMax;
        clientCounts = new int[clients];
        clientBytes = new long[clients];
        queueHeads = new Request[clients];
        queueTails = new Request[clients];
    }

    /** The request with this digest, or null. */
    public Request get(final Digest256 digest) {
        Request candidate = byPrefix.get(digest.prefix());
        while (candidate != null && !candidate.digest().isEqual(digest)) {
            candidate = candidate.chained;
        }
        return candidate;
    }

    /** True if the client's budget has room for one more request that no slot refers to. */
    public boolean hasRoom(final int clientId, final int statementLength) {
        return clientCounts[clientId] < clientCountMax && clientBytes[clientId] + statementLength <= clientBytesMax;
    }

    /** Adds a verified request that is not here yet, signed or with tags; copies its statement. */
    public Request add(
            final Digest256 digest,
            final int clientId,
            final long requestNumber,
            final DirectBuffer statement,
            final int offset,
            final int lengthBytes,
            final long nowNs) {
        final Request request = acquire();
        request.fill(digest, clientId, requestNumber, statement, offset, lengthBytes, ++arrivals);
        request.arrivedNs = nowNs;
        request.chained = byPrefix.put(digest.prefix(), request);
        request.previous = tail;
        if (tail == null) {
            head = request;
        } else {
            tail.next = request;
        }
        tail = request;
        request.previousWaiting = waitingTail;
        if (waitingTail == null) {
            waitingHead = request;
        } else {
            waitingTail.nextWaiting = request;
        }
        waitingTail = request;
        waitingCount++;
        count++;
        charge(request, 1);
        return request;
    }

    /** A slot refers to the request: it stays until {@link #collect} passes the sequence and is off its client's budget. */
    public void refer(final Request request, final long sequence) {
        if (request.lastSequence == 0 && request.isWaiting) {
            charge(request, -1);
        }
        request.lastSequence = Math.max(request.lastSequence, sequence);
    }

    /** The request was handed to execution, or has its answer already: it waits no more. */
    public void settle(final Request request) {
        if (!request.isWaiting) {
            return;
        }
        unlinkWaiting(request);
        request.isWaiting = false;
        if (request.lastSequence == 0) {
            charge(request, -1);
            remove(request);
        }
    }

    /** The stable checkpoint reached {@code sequence}: drops what only slots up to there refer to. */
    public void collect(final long sequence) {
        Request request = head;
        while (request != null) {
            final Request following = request.next;
            if (request.lastSequence != 0 && request.lastSequence <= sequence) {
                request.lastSequence = 0;
                if (request.isWaiting) {
                    charge(request, 1);
                } else {
                    remove(request);
                }
            }
            request = following;
        }
    }

    /**
     * Writes the digests of waiting requests that no slot holds, as many as fit; settles those that were answered already. One
     * of each client in turn, a client's own in order of arrival: whoever fills its budget delays itself. The next batch begins
     * with the client after the last one of this.
     *
     * @param bodyBytesMax most bytes of bodies together, unless the first alone is longer
     * @param signingClients clients, as bits, whose requests must be signed
     * @return length in bytes of the digests
     */
    public int gather(
            final ClientTable clients,
            final MutableDirectBuffer digests,
            final long bodyBytesMax,
            final long signingClients) {
        int left = queue(clients, signingClients);
        int length = 0;
        long bytes = 0;
        while (left > 0 && length < digests.capacity()) {
            final int clientId = turn;
            final Request request = queueHeads[clientId];
            if (request != null) {
                bytes += request.bodyLength();
                if (length > 0 && bytes > bodyBytesMax) {
                    break;
                }
                request.digest().write(digests, length);
                length += Digest256.LENGTH;
                queueHeads[clientId] = request.nextOfClient;
                left--;
            }
            turn = clientId + 1 == queueHeads.length ? 0 : clientId + 1;
        }
        Arrays.fill(queueHeads, null);
        Arrays.fill(queueTails, null);
        return length;
    }

    /** Lines up, a client each, what may be proposed now; returns how many requests that are. */
    private int queue(final ClientTable clients, final long signingClients) {
        int queued = 0;
        Request request = waitingHead;
        while (request != null) {
            final Request following = request.nextWaiting;
            final int clientId = request.clientId();
            if (clients.status(clientId, request.requestNumber()) != ClientTable.Status.FRESH) {
                settle(request);
            } else if (!request.isProposed && (request.isSigned() || (signingClients >>> clientId & 1) == 0)) {
                request.nextOfClient = null;
                if (queueTails[clientId] == null) {
                    queueHeads[clientId] = request;
                } else {
                    queueTails[clientId].nextOfClient = request;
                }
                queueTails[clientId] = request;
                queued++;
            }
            request = following;
        }
        return queued;
    }

    /** No slot of the new view holds any request yet. */
    public void forgetProposals() {
        for (Request request = waitingHead; request != null; request = request.nextWaiting) {
            request.isProposed = false;
        }
    }

    /** The request that waits longest, or null. */
    public Request waitingHead() {
        return waitingHead;
    }

    public int waitingCount() {
        return waitingCount;
    }

    public int count() {
        return count;
    }

    private void charge(final Request request, final int sign) {
        clientCounts[request.clientId()] += sign;
        clientBytes[request.clientId()] += (long) sign * request.budgetLength();
    }

    private void unlinkWaiting(final Request request) {
        if (request.previousWaiting == null) {
            waitingHead = request.nextWaiting;
        } else {
            request.previousWaiting.nextWaiting = request.nextWaiting;
        }
        if (request.nextWaiting == null) {
            waitingTail = request.previousWaiting;
        } else {
            request.nextWaiting.previousWaiting = request.previousWaiting;
        }
        request.previousWaiting = null;
        request.nextWaiting = null;
        waitingCount--;
    }

    private void remove(final Request request) {
        if (request.previous == null) {
            head = request.next;
        } else {
            request.previous.next = request.next;
        }
        if (request.next == null) {
            tail = request.previous;
        } else {
            request.next.previous = request.previous;
        }
        final long prefix = request.digest().prefix();
        final Request first = byPrefix.get(prefix);
        if (first == request) {
            if (request.chained == null) {
                byPrefix.remove(prefix);
            } else {
                byPrefix.put(prefix, request.chained);
            }
        } else {
            Request before = first;
            while (before.chained != request) {
                before = before.chained;
            }
            before.chained = request.chained;
        }
        request.chained = null;
        count--;
        release(request);
    }

    private Request acquire() {
        final Request request = pool;
        if (request == null) {
            return new Request();
        }
        pool = request.next;
        request.next = null;
        pooledBytes -= request.heldBytes();
        return request;
    }

    /** Keeps a request that nothing refers to for the next one, within one client's budget of bytes. */
    private void release(final Request request) {
        request.previous = null;
        request.next = null;
        if (pooledBytes + request.heldBytes() <= clientBytesMax) {
            pooledBytes += request.heldBytes();
            request.next = pool;
            pool = request;
        }
    }
}
