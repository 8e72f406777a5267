package io.quorate.engine.faults;

import io.aeron.protocol.DataHeaderFlyweight;
import io.aeron.protocol.HeaderFlyweight;
import io.quorate.transport.frame.FrameFlyweight;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The network between peers: holds the ports that the roster names and passes every datagram on to where the peer really listens, or
 * does not: it loses, doubles, changes, cuts and replays, and cuts ways off, each in one direction alone if wanted. What
 * travels back, such as Aeron's status messages, goes by the rules of its own direction. One thread of its own.
 */
final class HostilePath implements AutoCloseable {
    private static final int DATAGRAM_MAX = 65_536;
    private static final int BUFFER_BYTES = 4 * 1024 * 1024;
    private static final int MEMORY = 256;
    private static final int UNKNOWN = -1;
    private static final int PER_MILLE = 1000;
    private static final int FORESTALLED_PER_MILLE = 125;

    /** One sender's socket as it is seen at one receiver's port. */
    private static final class Flow {
        final int receiver;
        final SocketAddress source;
        final DatagramChannel back;
        int sender = UNKNOWN;

        Flow(final int receiver, final SocketAddress source, final DatagramChannel back) {
            this.receiver = receiver;
            this.source = source;
            this.back = back;
        }
    }

    private final int peerCount;
    private final DatagramChannel[] fronts;
    private final InetSocketAddress[] listeners;
    private final Selector selector;
    private final Map<SocketAddress, Flow>[] flows;
    private final byte[][] remembered = new byte[MEMORY][];
    private final UnsafeBuffer view = new UnsafeBuffer(0, 0);
    private final FrameFlyweight frame = new FrameFlyweight();
    private final ByteBuffer buffer = ByteBuffer.allocate(DATAGRAM_MAX);
    private final Random random;
    private final Thread thread;
    private final AtomicLong attackCount = new AtomicLong();
    private final boolean[][] isCut;
    private volatile int lossPerMille;
    private volatile int attackPerMille;
    private int rememberedCount;

    @SuppressWarnings({"unchecked", "rawtypes"})
    HostilePath(final int peerCount, final long seed) throws IOException {
        this.peerCount = peerCount;
        random = new Random(seed);
        selector = Selector.open();
        fronts = new DatagramChannel[peerCount];
        listeners = new InetSocketAddress[peerCount];
        flows = new Map[peerCount];
        isCut = new boolean[peerCount][peerCount];
        for (int id = 0; id < peerCount; id++) {
            fronts[id] = channel();
            fronts[id].register(selector, SelectionKey.OP_READ, id);
            flows[id] = new HashMap<>();
            // A port that is free now; the peer takes it before anybody else does, or its start fails and says so.
            try (DatagramChannel free = channel()) {
                listeners[id] = (InetSocketAddress) free.getLocalAddress();
            }
        }
        thread = new Thread(this::run, "hostile-path");
        thread.setDaemon(true);
        thread.start();
    }

    /** The port that the roster names. */
    int rosterPort(final int id) {
        return port(fronts[id]);
    }

    /** Where the peer really listens. */
    int listenPort(final int id) {
        return listeners[id].getPort();
    }

    /** Nothing that one peer sends reaches another one, until {@link #heal()}. */
    void cut(final int from, final int to) {
        synchronized (isCut) {
            isCut[from][to] = true;
        }
    }

    void heal() {
        synchronized (isCut) {
            for (final boolean[] row : isCut) {
                Arrays.fill(row, false);
            }
        }
        lossPerMille = 0;
        attackPerMille = 0;
    }

    /** So many of a thousand datagrams are lost, each way. */
    void lose(final int perMille) {
        lossPerMille = perMille;
    }

    /** Beside so many of a thousand datagrams another one travels: replayed, changed, cut short, too long, or noise. */
    void attack(final int perMille) {
        attackPerMille = perMille;
    }

    /** Datagrams of the path's own so far. */
    long attackCount() {
        return attackCount.get();
    }

    @Override
    public void close() throws IOException {
        selector.close();
        for (int id = 0; id < peerCount; id++) {
            fronts[id].close();
        }
        try {
            thread.join();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (final Map<SocketAddress, Flow> one : flows) {
            for (final Flow flow : one.values()) {
                flow.back.close();
            }
        }
    }

    private void run() {
        try {
            while (selector.isOpen()) {
                selector.select(key -> {
                    try {
                        if (key.attachment() instanceof final Flow flow) {
                            passBack(flow);
                        } else {
                            passOn((Integer) key.attachment());
                        }
                    } catch (final IOException e) {
                        // Nobody listens there just now: a killed peer. The datagram is lost.
                        buffer.clear();
                    }
                });
            }
        } catch (final ClosedSelectorException e) {
            return;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void passOn(final int receiver) throws IOException {
        buffer.clear();
        final SocketAddress source = fronts[receiver].receive(buffer);
        if (source == null) {
            return;
        }
        buffer.flip();
        final Flow flow = flow(receiver, source);
        classify(flow);
        if (passes(flow.sender, receiver)) {
            remember();
            final boolean isAttacked = random.nextInt(PER_MILLE) < attackPerMille;
            if (isAttacked && random.nextInt(PER_MILLE) < FORESTALLED_PER_MILLE) {
                forestall(flow);
            }
            flow.back.send(buffer, listeners[receiver]);
            if (isAttacked) {
                attack(flow);
            }
        }
    }

    private void passBack(final Flow flow) throws IOException {
        buffer.clear();
        if (flow.back.receive(buffer) != null) {
            buffer.flip();
            if (passes(flow.receiver, flow.sender)) {
                fronts[flow.receiver].send(buffer, flow.source);
            }
        }
    }

    private boolean passes(final int from, final int to) {
        if (from != UNKNOWN && to != UNKNOWN) {
            synchronized (isCut) {
                if (isCut[from][to]) {
                    return false;
                }
            }
        }
        return random.nextInt(PER_MILLE) >= lossPerMille;
    }

    /** A changed copy that comes first: Aeron takes it, and the genuine one that follows for a repetition. */
    private void forestall(final Flow flow) throws IOException {
        final byte[] bytes = Arrays.copyOf(buffer.array(), buffer.limit());
        if (bytes.length > DataHeaderFlyweight.HEADER_LENGTH) {
            final int place = DataHeaderFlyweight.HEADER_LENGTH
                    + random.nextInt(bytes.length - DataHeaderFlyweight.HEADER_LENGTH);
            bytes[place] ^= (byte) (1 << random.nextInt(8));
            attackCount.incrementAndGet();
            flow.back.send(ByteBuffer.wrap(bytes), listeners[flow.receiver]);
        }
    }

    /** A genuine datagram, changed in one of many ways, or noise, in the genuine stream's own clothes. */
    private void attack(final Flow flow) throws IOException {
        final byte[] old = remembered[random.nextInt(Math.min(MEMORY, rememberedCount))];
        byte[] bytes = old.clone();
        switch (random.nextInt(6)) {
            case 0 -> bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            case 1 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
            case 2 -> bytes = Arrays.copyOf(bytes, Math.min(60_000, bytes.length + 1 + random.nextInt(8_000)));
            case 3 -> random.nextBytes(bytes);
            case 4 -> {
                for (int i = DataHeaderFlyweight.HEADER_LENGTH; i < bytes.length; i++) {
                    bytes[i] = (byte) random.nextInt();
                }
            }
            default -> bytes = old;
        }
        attackCount.incrementAndGet();
        flow.back.send(ByteBuffer.wrap(bytes), listeners[flow.receiver]);
    }

    private void remember() {
        final byte[] copy = Arrays.copyOf(buffer.array(), buffer.limit());
        if (copy.length > 0) {
            remembered[rememberedCount++ % MEMORY] = copy;
        }
    }

    /** The frame's header names its sender in the clear; a socket belongs to one sender as long as it lives. */
    private void classify(final Flow flow) {
        final int length = buffer.limit() - DataHeaderFlyweight.HEADER_LENGTH;
        if (flow.sender != UNKNOWN
                || length < FrameFlyweight.HEADER_LENGTH
                || buffer.array()[HeaderFlyweight.TYPE_FIELD_OFFSET] != HeaderFlyweight.HDR_TYPE_DATA) {
            return;
        }
        view.wrap(buffer.array(), DataHeaderFlyweight.HEADER_LENGTH, length);
        frame.wrap(view, 0, length);
        if (frame.isOurs() && frame.senderId() < peerCount) {
            flow.sender = frame.senderId();
        }
    }

    private Flow flow(final int receiver, final SocketAddress source) throws IOException {
        Flow flow = flows[receiver].get(source);
        if (flow == null) {
            flow = new Flow(receiver, source, channel());
            flow.back.register(selector, SelectionKey.OP_READ, flow);
            flows[receiver].put(source, flow);
        }
        return flow;
    }

    private static DatagramChannel channel() throws IOException {
        final DatagramChannel channel = DatagramChannel.open();
        channel.setOption(StandardSocketOptions.SO_RCVBUF, BUFFER_BYTES);
        channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        channel.configureBlocking(false);
        return channel;
    }

    private static int port(final DatagramChannel channel) {
        try {
            return ((InetSocketAddress) channel.getLocalAddress()).getPort();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
