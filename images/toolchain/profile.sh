# What a sandbox installs for itself ("npm install --global", "pnpm add --global", "pip install --user") is found first.
# The image's coding agents come last.
PATH="$HOME/.local/bin:$HOME/.local/share/pnpm/bin:$PATH:/opt/agents/bin"
export PATH
