using Microsoft.Win32.SafeHandles;

namespace Distributed.Transport;

/// <summary>Text files with certificates and keys: bounded when read, never written over, secret where they hold a key.</summary>
internal static class PemFile
{
    private const int MostBytes = 1 << 20;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads a file of certificates.</summary>
    /// <exception cref="CertificateException">It is missing or too large.</exception>
    internal static string Read(string file)
    {
        try
        {
            FileInfo info = new(file);
            return info.Exists && info.Length > MostBytes
                ? throw new CertificateException($"{file}: expected a file in PEM of at most {MostBytes} bytes, got {info.Length}")
                : File.ReadAllText(file);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CertificateException($"{file}: no such file; 'trainer certs' makes it", failure);
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException || (failure is IOException and not CertificateException))
        {
            throw new CertificateException($"{file}: cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>Reads a private key, which nobody but its owner may read.</summary>
    /// <exception cref="CertificateException">It is missing, too large, or others may read or write it.</exception>
    internal static string ReadSecret(string file)
    {
        string text = Read(file);
        if (!OperatingSystem.IsWindows())
        {
            // Through the open file: mounted secrets are links, whose own mode says nothing.
            using SafeFileHandle handle = File.OpenHandle(file);
            UnixFileMode others = File.GetUnixFileMode(handle) & ~(OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.UserExecute);
            if (others != 0)
            {
                throw new CertificateException($"{file}: others than its owner and group may read or change this private key; 'chmod 600 {file}' makes it secret");
            }
        }

        return text;
    }

    /// <summary>Writes a file that must not be there yet, for its owner only.</summary>
    /// <exception cref="CertificateException">It is there already, or cannot be written.</exception>
    internal static void Write(string file, string text)
    {
        try
        {
            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            using StreamWriter writer = new(file, options);
            writer.Write(text);
        }
        catch (IOException failure) when (File.Exists(file))
        {
            throw new CertificateException($"{file}: is there already and is never written over", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"{file}: cannot be written: {failure.Message}", failure);
        }
    }
}
