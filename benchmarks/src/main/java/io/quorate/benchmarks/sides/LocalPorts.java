package io.quorate.benchmarks.sides;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/** UDP ports of the loopback interface that nobody uses. */
public final class LocalPorts {
    private LocalPorts() {}

    /** So many different ones; free when this returns. */
    public static int[] free(final int count) {
        final List<DatagramSocket> sockets = new ArrayList<>();
        try {
            final int[] ports = new int[count];
            for (int i = 0; i < count; i++) {
                final DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                sockets.add(socket);
                ports[i] = socket.getLocalPort();
            }
            return ports;
        } catch (final IOException e) {
            throw new UncheckedIOException("no free UDP ports on loopback", e);
        } finally {
            sockets.forEach(DatagramSocket::close);
        }
    }
}
