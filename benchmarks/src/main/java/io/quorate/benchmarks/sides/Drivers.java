package io.quorate.benchmarks.sides;

import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.quorate.transport.aeron.DriverSettings;
import java.nio.file.Path;

/** Media drivers of the sides that are plain Aeron, with the settings of ours: same MTU, buffers, windows and terms. */
final class Drivers {
    private Drivers() {}

    static MediaDriver.Context context(final Path directory, final ThreadingMode threading, final Gate gate) {
        final DriverSettings settings = DriverSettings.defaults();
        return new MediaDriver.Context()
                .aeronDirectoryName(directory.toString())
                .dirDeleteOnStart(true)
                .dirDeleteOnShutdown(true)
                .warnIfDirectoryExists(false)
                .termBufferSparseFile(true)
                .threadingMode(threading)
                .sharedIdleStrategy(gate)
                .mtuLength(settings.mtuLength())
                .socketRcvbufLength(settings.socketReceiveLength())
                .socketSndbufLength(settings.socketSendLength())
                .initialWindowLength(settings.initialWindowLength())
                .publicationTermBufferLength(settings.termLength())
                .ipcTermBufferLength(settings.termLength())
                .imageLivenessTimeoutNs(settings.imageLivenessNs())
                .clientLivenessTimeoutNs(settings.clientLivenessNs())
                .publicationUnblockTimeoutNs(settings.clientLivenessNs() * 3 / 2);
    }
}
