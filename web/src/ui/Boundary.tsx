import { Component, type ReactNode } from "react";

interface Props {
  /** Another one is another page: the fault is forgotten. */
  of: string;
  /** What stands there instead. `again` tries once more. */
  instead: (fault: unknown, again: () => void) => ReactNode;
  children: ReactNode;
}

/** Keeps a fault within its part of the page; the rest goes on. */
export class Boundary extends Component<Props, { fault: unknown; of: string }> {
  override state = { fault: null as unknown, of: this.props.of };

  static getDerivedStateFromError(fault: unknown) {
    return { fault: fault ?? new Error("unknown") };
  }

  static getDerivedStateFromProps({ of }: Props, state: { of: string }) {
    return of === state.of ? null : { fault: null, of };
  }

  override render(): ReactNode {
    const { fault } = this.state;
    return fault === null ? this.props.children : this.props.instead(fault, () => this.setState({ fault: null }));
  }
}
