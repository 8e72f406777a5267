package io.quorate.transport.aeron;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.List;

/** Stands on the path from one peer to another, copies every datagram, and can send its own. */
final class Relay implements AutoCloseable {
    private final DatagramChannel channel;
    private final InetSocketAddress listener;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(65536);
    final List<byte[]> recorded = new ArrayList<>();
    private SocketAddress sender;

    Relay(final int port, final int listenerPort) {
        try {
            listener = new InetSocketAddress(InetAddress.getLoopbackAddress(), listenerPort);
            channel = DatagramChannel.open();
            channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channel.configureBlocking(false);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Passes on what has come since the last call. */
    void run() {
        try {
            for (SocketAddress from = receive(); from != null; from = receive()) {
                if (from.equals(listener)) {
                    channel.send(buffer, sender);
                } else {
                    sender = from;
                    final byte[] copy = new byte[buffer.remaining()];
                    buffer.get(copy).flip();
                    recorded.add(copy);
                    channel.send(buffer, listener);
                }
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends a datagram of the attacker's own to the listener. */
    void inject(final byte[] datagram) {
        try {
            channel.send(ByteBuffer.wrap(datagram), listener);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private SocketAddress receive() throws IOException {
        buffer.clear();
        final SocketAddress from = channel.receive(buffer);
        buffer.flip();
        return from;
    }
}
