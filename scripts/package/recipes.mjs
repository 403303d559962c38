/* Texts for tools that were not at hand when this was written, so that each begins with saying so. */

/**
 * @param {string} name of the archive, without its ending
 * @returns {string} a Dockerfile, to be used in the folder with the archive
 */
export function dockerfile(name) {
  return `# Untried. In the folder with ${name}.tar.gz:
#   docker build -t token-vault .
#   docker run --rm -it -v token-vault:/home/vault token-vault demo
# There is no keychain in a container: vault init --key-source file, and vault login --device.
FROM debian:stable-slim
ADD ${name}.tar.gz /opt/
RUN ln -s /opt/${name}/bin/vault /opt/${name}/bin/token-vault /usr/local/bin/ && useradd --create-home vault
USER vault
WORKDIR /home/vault
VOLUME /home/vault
ENTRYPOINT ["vault"]
CMD ["--help"]
`;
}

/**
 * @param {{ url: string, sha256: string }} source the npm package
 * @param {{ version: string, summary: string, license: string }} facts
 * @param {boolean} withShared whether the package has completions and man pages
 * @returns {string} a Homebrew formula
 */
export function formula({ url, sha256 }, { version, summary, license }, withShared) {
  const shared = `
    dist = libexec/"lib/node_modules/token-vault/dist"
    %w[vault token-vault].each do |name|
      bash_completion.install dist/"completions/#{name}.bash" => name
      zsh_completion.install dist/"completions/_#{name}"
      fish_completion.install dist/"completions/#{name}.fish"
    end
    man1.install Dir[dist/"man/*.1"]`;
  return `# Untried. brew install --formula ./token-vault.rb
class TokenVault < Formula
  desc "${summary}"
  url "${url}"
  version "${version}"
  sha256 "${sha256}"
  license "${license}"

  depends_on "node"

  conflicts_with "vault", because: "both install a program named vault"

  def install
    # better-sqlite3 fetches or builds its native half in a script.
    system "npm", "install", *std_npm_args(ignore_scripts: false)
    bin.install_symlink libexec.glob("bin/*")${withShared ? shared : ''}
  end

  test do
    assert_equal version.to_s, shell_output("#{bin}/token-vault --version").strip
  end
end
`;
}
